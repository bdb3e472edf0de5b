#pragma once

// Not part of the public interface: attention by the kernels.

#include <vector>

#include <torch/types.h>

namespace minillama {

/// scaled_dot_product_attention() (nn/attention.h) without dropout, with its own backward pass: the
/// softmax works in place and looks only at what is visible, so there is no mask, and of all
/// [T, S] matrices only the weights are kept.
///
/// @param q, k, v as there, of one type, float32 or bfloat16, on the CPU
/// @param visible [B, T] int64: how many positions, from the first on, each query attends to, at
///                least 1; undefined: all
/// @param slopes of biases, one for each query head; empty: none
torch::Tensor fused_attention(const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v, const torch::Tensor& visible,
                              const std::vector<double>& slopes = {});

}  // namespace minillama
