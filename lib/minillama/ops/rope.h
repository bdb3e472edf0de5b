#pragma once

#include <torch/types.h>

#include "minillama/core/rotary_scaling.h"

namespace minillama {

/// Rotary position embeddings (Su et al. 2021, arXiv:2104.09864, section 3.2).
///
/// Dimensions (2i, 2i+1) of a head are one complex number; at position m it is turned by the angle
/// m * f_i, f_i = theta^(-2i / Dh), so that the product of a query and a key depends on their
/// distance alone.

/// s e^(j m f_i) for every position m and pair i.
///
/// @param positions   [N] int64
/// @param frequencies f [Dh / 2] and the scale s (core/rotary_scaling.h)
/// @param type        the type of the queries: float64 gives complex128, all others complex64
/// @return [N, 1, Dh / 2] complex, to be broadcast over heads
/// Throws OptionError if an argument is none of these.
torch::Tensor rotations(const torch::Tensor& positions, const RotaryFrequencies& frequencies,
                        torch::ScalarType type);

/// The same for f_i = theta^(-2i / Dh) and s = 1. Throws OptionError also unless Dh is even.
torch::Tensor rotations(const torch::Tensor& positions, std::int64_t head_dim, double theta,
                        torch::ScalarType type);

/// Rotates queries or keys.
///
/// @param x         [N, H, Dh]; half types are rotated in float32
/// @param rotations [N, 1, Dh / 2] from rotations()
/// @return [N, H, Dh], type of x
/// Throws OptionError if the tensors have other shapes.
torch::Tensor apply_rotary(const torch::Tensor& x, const torch::Tensor& rotations);

/// The same with LibTorch's operations, where apply_rotary() takes a kernel (kernels/rotary.h).
torch::Tensor plain_apply_rotary(const torch::Tensor& x, const torch::Tensor& rotations);

}  // namespace minillama
