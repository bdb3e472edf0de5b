#pragma once

#include <memory>

#include "minillama/train/objective.h"

namespace minillama {

/// The loss of labels in an order, from bad to good: the binary cross-entropies of all questions
/// "is it above label k?" (Frank and Hall 2001; summed as in Cao et al. 2020, arXiv:1901.07884,
/// equation 4), whose probabilities are sums of the softmax's
///
///     sum_i w_i sum_(k < L - 1) -log(y_i > k ? P_i(l > k) : P_i(l <= k)) / divisor
///
/// so that an answer that is further off costs more, and the head stays what it is. With two labels
/// it is the cross-entropy.
///
/// @param logits  [B, L]
/// @param labels  [B] int64, each in [0, L)
/// @param weights [B], or undefined: 1 each
/// Throws OptionError on any others, or if the divisor is less than 1.
torch::Tensor ordinal_loss(const torch::Tensor& logits, const torch::Tensor& labels,
                           std::int64_t divisor, const torch::Tensor& weights = {});

/// The objective of that loss.
std::shared_ptr<Objective> ordinal();

}  // namespace minillama
