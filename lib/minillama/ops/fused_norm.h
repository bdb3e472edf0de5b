#pragma once

// Not part of the public interface: norms by the kernels.

#include <torch/types.h>

namespace minillama {

/// Whether fused_norm() computes the norm of `x`; otherwise LibTorch's operations do.
bool norm_is_fused(const torch::Tensor& x, const torch::Tensor& weight);

/// The type of a norm's result: that of `x`, but in mixed precision (ops/precision.h) bfloat16,
/// which the products after it take as it is.
torch::ScalarType norm_output_type(const torch::Tensor& x);

/// LayerNorm (`centered`) or RMSNorm over the last dimension by the kernels (kernels/norm.h), with
/// their own backward pass. `x` must suit them and be float32.
///
/// @param bias may be undefined
/// @param type of the result: float32 or bfloat16
torch::Tensor fused_norm(const torch::Tensor& x, const torch::Tensor& weight,
                         const torch::Tensor& bias, double eps, bool centered,
                         torch::ScalarType type);

}  // namespace minillama
