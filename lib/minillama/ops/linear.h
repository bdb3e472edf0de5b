#pragma once

#include <torch/types.h>

namespace minillama {

/// x W^T + b, for x [..., in], weight W [out, in] and bias b [out], which may be undefined.
///
/// A single row without gradient, which is what decoding one token does, goes through a
/// matrix-vector product: it reads the weights two to four times as fast as the general product.
/// In mixed precision (ops/precision.h) factors and result are rounded to bfloat16, which is the
/// type of the result too. Throws OptionError if the shapes, devices or types do not go together.
torch::Tensor apply_linear(const torch::Tensor& x, const torch::Tensor& weight,
                           const torch::Tensor& bias = {});

/// y + bias, in the type of y: in mixed precision the bias is float32 and y is not. An undefined
/// bias adds nothing.
torch::Tensor plus_bias(const torch::Tensor& y, const torch::Tensor& bias);

}  // namespace minillama
