#include "minillama/eval/mistakes.h"

#include <algorithm>
#include <functional>

#include "minillama/core/require.h"

namespace minillama {

std::vector<std::size_t> surest_mistakes(std::span<const Prediction> predictions,
                                         std::span<const std::int64_t> labels, std::size_t most) {
  require(labels.size() == predictions.size(), "the number of labels", labels.size(),
          fmt::format("be that of the predictions, {}", predictions.size()));
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (predictions[i].label != labels[i]) wrong.push_back(i);
  }
  std::ranges::stable_sort(wrong, std::greater<>(), [&](std::size_t i) {
    return predictions[i].probabilities[static_cast<std::size_t>(predictions[i].label)];
  });
  wrong.resize(std::min(most, wrong.size()));
  return wrong;
}

}  // namespace minillama
