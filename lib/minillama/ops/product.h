#pragma once

// Not part of the public interface: matrix products of the library's own threads.

#include <torch/types.h>

namespace minillama {

/// a b, for a [N, K] and b [K, M] or [K], not recorded for gradients. On the CPU threads share out
/// a large one by rows or columns (core/thread_pool.h); within a team, and elsewhere, it is
/// LibTorch's.
torch::Tensor product(const torch::Tensor& a, const torch::Tensor& b);

/// Whether LibTorch adds up `multiplications` of such a factor with another one, in all, in float32
/// or a wider type. Those of bfloat16 it adds up in bfloat16 if they are few, or the processor has
/// no AVX-512.
bool sums_in_float(const torch::Tensor& factor, std::int64_t multiplications);

/// Whether product() of matrices with so many multiplications would be shared out.
bool product_is_shared(torch::Device device, std::int64_t multiplications);

/// x W^T as torch::linear() computes it, by product(), in both directions.
torch::Tensor shared_linear(const torch::Tensor& x, const torch::Tensor& weight);

}  // namespace minillama
