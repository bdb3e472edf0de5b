#pragma once

#include <cstdint>
#include <memory>

#include "minillama/train/objective.h"

namespace minillama {

/// Cross-entropy of classification, the sum over the batch of -log softmax(logits)[label] over
/// `divisor`: the batch's own size gives the mean; the CMU assignment's reference divides by the
/// usual size even where the last batch is shorter.
///
/// @param logits [B, L]
/// @param labels [B] int64, each in [0, L)
/// Throws OptionError on any others, or if the divisor is less than 1.
torch::Tensor classification_loss(const torch::Tensor& logits, const torch::Tensor& labels,
                                  std::int64_t divisor);

/// The objective of that loss.
std::shared_ptr<Objective> cross_entropy();

}  // namespace minillama
