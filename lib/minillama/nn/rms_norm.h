#pragma once

#include "minillama/nn/norm.h"

namespace minillama {

/// Root-mean-square normalisation (Zhang & Sennrich 2019, arXiv:1910.07467):
///
///     y = x / sqrt(mean(x^2) + eps) * weight
///
/// over the last dimension.
class RMSNormImpl : public NormImpl {
 public:
  RMSNormImpl(std::int64_t dim, double eps);

  torch::Tensor forward(const torch::Tensor& x) override;

 private:
  double eps_;
};
TORCH_MODULE(RMSNorm);

}  // namespace minillama
