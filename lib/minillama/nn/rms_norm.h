#pragma once

#include "minillama/nn/norm.h"

namespace minillama {

/// Root-mean-square normalisation (Zhang & Sennrich 2019, arXiv:1910.07467):
///
///     y = x / sqrt(mean(x^2) + eps) * weight
///
/// over the last dimension.
///
/// @param x [..., D]
/// @param weight [D]
/// @return [..., D]; as NormImpl says of types
/// Throws OptionError on other shapes, or on different devices.
torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double eps);

/// rms_norm() with its parameter, as a module. Throws as NormImpl does.
class RMSNorm : public Norm {
 public:
  RMSNorm(std::int64_t dim, double eps) : Norm(NormKind::rmsnorm, dim, eps) {}
};

}  // namespace minillama
