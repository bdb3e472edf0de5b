#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "minillama/eval/sentence_classifier.h"

namespace minillama {

// Whether probabilities mean what they say: of all answers that are said to be right with 0.8,
// eight in ten should be.

/// The answers whose probability lies in (low, high]; the first one's from 0 on.
struct ReliabilityBin {
  double low = 0;
  double high = 0;
  std::int64_t count = 0;
  double probability = 0;  ///< the mean of what was said; 0 if there are none
  double accuracy = 0;     ///< the share that was right; 0 if there are none

  bool operator==(const ReliabilityBin&) const = default;
};

/// The reliability diagram of predictions: `n_bins` bins of equal width (Guo et al. 2017,
/// arXiv:1706.04599, section 2). Throws OptionError unless there are as many labels as predictions
/// and at least one of each and one bin.
std::vector<ReliabilityBin> reliability(std::span<const Prediction> predictions,
                                        std::span<const std::int64_t> labels,
                                        std::int64_t n_bins = 15);

/// The mean over all answers of |accuracy - probability| of their bin, in [0, 1] (there, equation
/// 3). 0 if there are no answers.
double expected_calibration_error(std::span<const ReliabilityBin> bins);

/// The temperature T for which the labels are most probable, in [0.05, 20] (there, section 4.2):
///
///     softmax(log probabilities / T)
///
/// It changes no answer but the answers' probabilities: T above 1 makes them less sure. Of n
/// examples with L labels each counts as (n + 1) / (n + L) of its label and 1 / (n + L) of each
/// other one, so that a few that happen to be right do not make everything certain (Platt 1999,
/// section 2.2). 1 where all temperatures are as good. Throws OptionError unless there are as many
/// labels as predictions, at least one of each, and each label is one of the predictions'.
double fit_temperature(std::span<const Prediction> predictions,
                       std::span<const std::int64_t> labels);

/// The prediction under that temperature.
Prediction with_temperature(Prediction prediction, double temperature);

}  // namespace minillama
