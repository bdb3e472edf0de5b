#include "minillama/generate/typical.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "minillama/core/require.h"
#include "minillama/generate/distribution.h"

namespace minillama {
namespace {

/// Deviations from the entropy are told apart in steps of 1/32 nat first, so that only those in the
/// step in which the mass is reached need to be sorted.
constexpr std::size_t kSteps = 1024;

std::size_t step_of(float deviation) {
  return static_cast<std::size_t>(std::min(deviation * 32, float{kSteps - 1}));
}

/// |-log(p) - entropy| of each token.
std::vector<float> deviations_of(std::span<const float> probabilities) {
  std::vector<float> surprises;
  surprises.reserve(probabilities.size());
  double entropy = 0;
  for (const float p : probabilities) {
    surprises.push_back(p > 0 ? -std::log(p) : std::numeric_limits<float>::infinity());
    if (p > 0) entropy += p * surprises.back();
  }
  for (auto& x : surprises) x = static_cast<float>(std::abs(x - entropy));
  return surprises;
}

}  // namespace

void keep_typical(std::span<float> probabilities, double mass) {
  require(mass > 0 && mass <= 1, "typical-p", mass, "lie in (0, 1]");
  require_sum(sum_of(probabilities));
  const auto deviations = deviations_of(probabilities);
  std::array<double, kSteps> masses{};
  for (std::size_t i = 0; i < deviations.size(); ++i) {
    masses[step_of(deviations[i])] += probabilities[i];
  }
  double kept = 0;
  std::size_t last = 0;  // the step in which the mass is reached
  while (last + 1 < kSteps && kept + masses[last] < mass) kept += masses[last++];

  std::vector<std::size_t> tokens;  // of that step
  for (std::size_t i = 0; i < deviations.size(); ++i) {
    const auto step = step_of(deviations[i]);
    if (step == last) tokens.push_back(i);
    if (step > last) probabilities[i] = 0;
  }
  std::ranges::stable_sort(tokens, {}, [&](std::size_t i) { return deviations[i]; });
  for (const auto i : tokens) {
    if (kept >= mass) {
      probabilities[i] = 0;
    } else {
      kept += probabilities[i];
    }
  }
  scale_to_one(probabilities);
}

}  // namespace minillama
