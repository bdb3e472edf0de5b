#pragma once

#include <cstdint>
#include <span>

#include <torch/optim/optimizer.h>

#include "minillama/model/classifier.h"
#include "minillama/train/examples.h"

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

/// One step of training on the examples `indices`: gradients are cleared, computed and handed to
/// `optimizer`. On the CPU each thread computes a part of the batch (nn/parallel_parts.h). Returns
/// the loss. Throws DivergedError before the step if it is not finite, and OptionError, before
/// anything is changed, if the model is empty, there are no indices, one is of no example, or an
/// example's label or ids are not the model's.
double training_step(Classifier& model, torch::optim::Optimizer& optimizer,
                     const Examples& examples, std::span<const std::size_t> indices,
                     std::int64_t divisor);

}  // namespace minillama
