#pragma once

#include "minillama/nn/norm.h"

namespace minillama {

/// Layer normalisation (Ba, Kiros & Hinton 2016, arXiv:1607.06450):
///
///     y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias
///
/// over the last dimension, with the population variance.
class LayerNormImpl : public NormImpl, public torch::nn::Cloneable<LayerNormImpl> {
 public:
  /// Throws OptionError unless dim is at least 1, and eps finite and not negative.
  LayerNormImpl(std::int64_t dim, double eps);

  torch::Tensor forward(const torch::Tensor& x) override;

  void reset() override { register_again(); }
  void pretty_print(std::ostream& stream) const override { print(stream, "LayerNorm"); }
};
TORCH_MODULE(LayerNorm);

}  // namespace minillama
