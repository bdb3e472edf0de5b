#include "minillama/eval/interval.h"

#include <algorithm>
#include <cmath>

#include "minillama/core/require.h"

namespace minillama {

Interval wilson_interval(std::int64_t successes, std::int64_t trials) {
  require(trials >= 0, "the number of trials", trials, "be at least 0");
  require(successes >= 0 && successes <= trials, "the number of successes", successes,
          fmt::format("lie between 0 and the number of trials, {}", trials));
  if (trials == 0) return {0, 1};
  constexpr double kZ = 1.959963984540054;  // of the normal distribution's quantile 0.975
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n;
  const double shrinkage = 1 + kZ * kZ / n;
  const double middle = (share + kZ * kZ / (2 * n)) / shrinkage;
  const double half = kZ / shrinkage * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  // Rounded, the interval of no success could begin beside 0, and that of nothing else end
  // beside 1.
  return {successes == 0 ? 0 : middle - half, successes == trials ? 1 : middle + half};
}

}  // namespace minillama
