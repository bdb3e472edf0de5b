#pragma once

// Not part of the public interface: how far apart two answers are.

#include "minillama/train/objective.h"

namespace minillama {

/// KL(P || Q) + KL(Q || P) of the distributions over the labels that logits `p` and `q` [B, L]
/// mean, summed over the batch as its weights say, by its divisor.
torch::Tensor symmetric_divergence(const torch::Tensor& p, const torch::Tensor& q,
                                   const ObjectiveBatch& batch);

}  // namespace minillama
