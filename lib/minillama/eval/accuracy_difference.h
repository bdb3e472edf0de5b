#pragma once

#include <cstdint>
#include <span>

#include "minillama/eval/bootstrap.h"
#include "minillama/eval/interval.h"

namespace minillama {

/// By how much predictions are more accurate than others of the same texts.
struct AccuracyDifference {
  double value = 0;        ///< accuracy less the others', in [-1, 1]
  Interval interval = {};  ///< 95 % (interval(), eval/bootstrap.h)
  double p_value = 1;      ///< one-sided: the share of resamples in which it is not above 0
};

/// Whether predictions are better than others, by the paired bootstrap (Koehn 2004, "Statistical
/// significance tests for machine translation evaluation", section 3.2): both are of the texts that
/// `bootstrap` draws, so that what is easy or hard for both does not blur their difference. Two
/// that are right on the same texts have p 1; better ones on every text, 0. Throws OptionError
/// unless there are as many predictions and others as labels, and as many as `bootstrap` draws
/// from.
AccuracyDifference accuracy_difference(std::span<const std::int64_t> predicted,
                                       std::span<const std::int64_t> others,
                                       std::span<const std::int64_t> labels,
                                       const Bootstrap& bootstrap);

}  // namespace minillama
