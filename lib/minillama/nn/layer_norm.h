#pragma once

#include "minillama/nn/norm.h"

namespace minillama {

/// Layer normalisation (Ba, Kiros & Hinton 2016, arXiv:1607.06450):
///
///     y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias
///
/// over the last dimension, with the population variance.
///
/// @param x [..., D]
/// @param weight, bias [D]
/// @return [..., D]; as NormImpl says of types
/// Throws OptionError on other shapes, or on different devices.
torch::Tensor layer_norm(const torch::Tensor& x, const torch::Tensor& weight,
                         const torch::Tensor& bias, double eps);

/// layer_norm() with its parameters, as a module. Throws as NormImpl does.
class LayerNorm : public Norm {
 public:
  LayerNorm(std::int64_t dim, double eps) : Norm(NormKind::layernorm, dim, eps) {}
};

}  // namespace minillama
