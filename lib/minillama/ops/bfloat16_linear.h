#pragma once

// Not part of the public interface: the product of mixed precision (ops/precision.h).

#include <torch/types.h>

namespace minillama {

/// x W^T as mixed precision computes it: x [..., in] and W [out, in], of any type, are rounded to
/// bfloat16, and so is the result, [..., out]; the sums between are float32. Backward likewise; the
/// gradients have the types of x and W. Keeps x for it in bfloat16, half of what float32 would
/// take.
torch::Tensor bfloat16_linear(const torch::Tensor& x, const torch::Tensor& weight);

/// a b of bfloat16 matrices, summed in float32 and rounded once, not recorded for gradients.
torch::Tensor bfloat16_product(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace minillama
