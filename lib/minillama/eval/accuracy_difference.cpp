#include "minillama/eval/accuracy_difference.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "minillama/core/require.h"

namespace minillama {

AccuracyDifference accuracy_difference(std::span<const std::int64_t> predicted,
                                       std::span<const std::int64_t> others,
                                       std::span<const std::int64_t> labels,
                                       const Bootstrap& bootstrap) {
  const auto require_size = [&](std::size_t size, std::string_view name) {
    require(size == bootstrap.size(), name, size,
            fmt::format("be what the bootstrap draws from, {}", bootstrap.size()));
  };
  require_size(predicted.size(), "the number of predictions");
  require_size(others.size(), "the number of other predictions");
  require_size(labels.size(), "the number of labels");
  std::vector<int> gains;  // of each text
  for (std::size_t i = 0; i < labels.size(); ++i) {
    gains.push_back(static_cast<int>(predicted[i] == labels[i]) -
                    static_cast<int>(others[i] == labels[i]));
  }
  const auto estimate = bootstrap.estimate([&](std::span<const std::size_t> sample) {
    std::int64_t sum = 0;
    for (const auto i : sample) sum += gains[i];
    return static_cast<double>(sum) / static_cast<double>(sample.size());
  });
  const auto n_not_above =
      std::ranges::count_if(estimate.replicates, [](double gain) { return gain <= 0; });
  return {estimate.value, interval(estimate),
          static_cast<double>(n_not_above) / static_cast<double>(estimate.replicates.size())};
}

}  // namespace minillama
