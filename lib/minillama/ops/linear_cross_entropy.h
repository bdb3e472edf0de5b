#pragma once

#include <torch/types.h>

namespace minillama {

/// The loss of a language model whose head is the matrix W [V, D]: the sum over the tokens of
///
///     -log softmax(W h)[target]
///
/// without ever holding all logits: tokens go through in blocks, and where a gradient is wanted it
/// is computed on the way, from the same logits, as softmax - onehot (Wijmans et al. 2024,
/// arXiv:2411.09009, keep no logits either). In mixed precision (ops/precision.h) the products and
/// the logits are bfloat16, everything else float32.
///
/// @param hidden  [N, D]
/// @param weight  [V, D]
/// @param targets [N] int64, each in [0, V)
/// @return a scalar, float32 (float64 if `hidden` is)
/// Throws OptionError if a tensor has another shape, type or device, or a target lies outside [0,
/// V).
torch::Tensor linear_cross_entropy(const torch::Tensor& hidden, const torch::Tensor& weight,
                                   const torch::Tensor& targets);

}  // namespace minillama
