#include "minillama/train/class_weights.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/require.h"

namespace minillama {

std::vector<double> balanced_class_weights(std::span<const std::int64_t> labels,
                                           std::int64_t n_labels) {
  std::vector<double> counts(static_cast<std::size_t>(n_labels));
  for (const auto label : labels) {
    require_below(label, "an example's label", counts.size());
    ++counts[static_cast<std::size_t>(label)];
  }
  const auto n_used = std::ranges::count_if(counts, [](double count) { return count > 0; });
  std::vector<double> weights;
  for (const double count : counts) {
    weights.push_back(count == 0 ? 1
                                 : static_cast<double>(labels.size()) /
                                       (static_cast<double>(n_used) * count));
  }
  return weights;
}

void weigh_classes(Examples& examples, std::span<const double> class_weights) {
  examples.validate(std::ssize(class_weights));
  for (const double weight : class_weights) {
    if (std::isfinite(weight) && weight > 0) continue;
    throw OptionError(fmt::format("a class's weight is {}, must be positive", weight));
  }
  if (examples.weights.empty()) examples.weights.assign(examples.size(), 1);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    examples.weights[i] *= class_weights[static_cast<std::size_t>(examples.labels[i])];
  }
}

}  // namespace minillama
