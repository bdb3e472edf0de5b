#pragma once

// Not part of the public interface: the gate of the feed-forward network.

#include <torch/types.h>

namespace minillama {

/// silu(gate) * up, silu(z) = z * sigmoid(z) (Shazeer 2020, arXiv:2002.05202): in one pass by the
/// kernels (kernels/swiglu.h) where they suit, and likewise backward.
torch::Tensor swiglu(const torch::Tensor& gate, const torch::Tensor& up);

/// The same with LibTorch's operations.
torch::Tensor plain_swiglu(const torch::Tensor& gate, const torch::Tensor& up);

}  // namespace minillama
