#pragma once

#include "minillama/nn/norm.h"

namespace minillama {

/// Root-mean-square normalisation (Zhang & Sennrich 2019, arXiv:1910.07467):
///
///     y = x / sqrt(mean(x^2) + eps) * weight
///
/// over the last dimension.
class RMSNormImpl : public NormImpl, public torch::nn::Cloneable<RMSNormImpl> {
 public:
  /// Throws OptionError unless dim is at least 1, and eps finite and not negative.
  RMSNormImpl(std::int64_t dim, double eps);

  torch::Tensor forward(const torch::Tensor& x) override;

  void reset() override { register_again(); }
  void pretty_print(std::ostream& stream) const override { print(stream, "RMSNorm"); }
};
TORCH_MODULE(RMSNorm);

}  // namespace minillama
