#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "minillama/eval/sentence_classifier.h"

namespace minillama {

/// The numbers of the predictions that are wrong and whose probability is highest, the surest one
/// first and those that are as sure in their order: at most so many. Throws OptionError unless
/// there are as many labels as predictions.
std::vector<std::size_t> surest_mistakes(std::span<const Prediction> predictions,
                                         std::span<const std::int64_t> labels,
                                         std::size_t most = 5);

}  // namespace minillama
