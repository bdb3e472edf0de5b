#pragma once

#include <cstdint>

namespace minillama {

/// Where, to 95 %, a figure lies that a sample is an estimate of.
struct Interval {
  double low = 0;
  double high = 0;
};

/// Wilson's score interval of a share, such as an accuracy: the shares p, in [0, 1], of which so
/// many successes in n trials are no further than z standard errors away,
///
///     |successes / n - p| <= z sqrt(p (1 - p) / n),  z = 1.96, of 95 %
///
/// (Wilson 1927, "Probable inference, the law of succession, and statistical inference"). It also
/// holds near 0 and 1 and for few trials, where the share plus and minus 1.96 standard errors does
/// not; [0, 1] if there are none. Throws OptionError unless 0 <= successes <= trials.
Interval wilson_interval(std::int64_t successes, std::int64_t trials);

}  // namespace minillama
