#include "minillama/generate/distribution.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "minillama/core/require.h"
#include "minillama/generate/filters.h"
#include "minillama/kernels/softmax.h"

namespace minillama {

double log_normalizer(std::span<const float> logits) {
  std::vector<float> row(logits.begin(), logits.end());
  const float most = *std::ranges::max_element(row);
  return most +
         std::log(kernels::exponentials(kernels::best_isa(), row.size(), most, 1, row.data()));
}

double entropy(std::span<const float> probabilities) {
  require_sum(sum_of(probabilities));
  return -sum_of(probabilities, [](float p) { return p > 0 ? p * std::log(p) : 0.0F; });
}

void require_sum(double sum) {
  require(std::isfinite(sum) && sum > 0, "the sum of the probabilities", sum,
          "be positive and finite");
}

void scale(std::span<float> probabilities, double sum) {
  require_sum(sum);
  const auto factor = static_cast<float>(1 / sum);
  for (auto& p : probabilities) p *= factor;
}

void scale_to_one(std::span<float> probabilities) {
  scale(probabilities, sum_of(probabilities));
}

void drop_below(std::span<float> probabilities, double threshold) {
  const auto best = static_cast<std::size_t>(most_probable(probabilities));
  const float most = probabilities[best];
  for (auto& p : probabilities) p = p >= threshold ? p : 0;
  probabilities[best] = most;
  scale_to_one(probabilities);
}

}  // namespace minillama
