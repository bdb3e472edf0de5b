#pragma once

#include <cstddef>

#include "minillama/kernels/element.h"

namespace minillama::kernels {

/// The shape and kind of a normalisation.
struct NormShape {
  std::size_t rows;
  std::size_t dim;
  double eps;
  bool centered;  ///< LayerNorm; otherwise RMSNorm, whose mean counts as 0
};

/// For each row of x [rows, dim]
///
///     y = (x - mean) * inverse * weight + bias,    inverse = 1 / sqrt(mean((x - mean)^2) + eps)
///
/// @param bias    may be null: 0
/// @param mean    [rows], for the backward pass; null unless centered
/// @param inverse [rows], likewise
template <typename In, typename Out>
void norm_forward(Isa isa, const NormShape& shape, const In* x, const float* weight,
                  const float* bias, Out* y, float* mean, float* inverse);

/// The gradients, with n = (x - mean) * inverse and h = grad_y * weight:
///
///     grad_x       = inverse * (h - mean(h) - n * mean(h * n))    mean(h) only if centered
///     grad_weight += sum over rows of grad_y * n
///     grad_bias   += sum over rows of grad_y                      may be null
template <typename In, typename Out>
void norm_backward(Isa isa, const NormShape& shape, const In* x, const float* weight,
                   const float* mean, const float* inverse, const Out* grad_y, In* grad_x,
                   float* grad_weight, float* grad_bias);

}  // namespace minillama::kernels
