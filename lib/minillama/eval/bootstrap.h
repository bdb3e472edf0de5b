#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "minillama/eval/interval.h"

namespace minillama {

/// A figure, and what it would be of other samples.
struct Estimate {
  double value = 0;
  std::vector<double> replicates = {};  ///< of the resamples, in their order
};

/// Samples of the numbers 0 … size - 1 with replacement, as many as there are numbers: what other
/// samples of the same kind may look like (Efron 1979). Figures of the same resamples are paired:
/// their difference has the replicates' differences. They are drawn again for each figure, not
/// kept.
class Bootstrap {
 public:
  /// Throws OptionError if there is nothing to draw from or no resample is wanted.
  Bootstrap(std::size_t size, std::size_t resamples = 1000, std::uint64_t seed = 1337);

  std::size_t size() const { return size_; }

  /// `statistic` of all numbers, and of each resample.
  Estimate estimate(
      const std::function<double(std::span<const std::size_t> sample)>& statistic) const;

 private:
  std::size_t size_;
  std::size_t resamples_;
  std::uint64_t seed_;
};

/// function(a, b) of two figures that are of the same resamples. Throws OptionError if they differ
/// in number.
Estimate combined(const Estimate& a, const Estimate& b,
                  const std::function<double(double, double)>& function);

/// The basic bootstrap's 95 % interval (Davison and Hinkley 1997, section 5.2):
///
///     [2 value - q(0.975), 2 value - q(0.025)],  q the quantiles of the replicates
///
/// A figure whose resamples are biased, as divergences are, is as biased itself: that is taken off.
/// Undefined (NaN) if the value or a replicate is.
Interval interval(const Estimate& estimate);

}  // namespace minillama
