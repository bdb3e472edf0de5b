#pragma once

#include <cstdint>

#include <torch/nn/cloneable.h>

#include "minillama/core/model_config.h"

namespace minillama {

/// A normalisation over the last dimension, x [..., D] -> [..., D]: LayerNorm (nn/layer_norm.h) or
/// RMSNorm (nn/rms_norm.h).
///
/// Statistics are taken in float32 for half-precision inputs and in the input's own type otherwise.
/// One class for all kinds, so that a model need not know which one it has, and clones what it has.
class NormImpl : public torch::nn::Cloneable<NormImpl> {
 public:
  /// Throws OptionError unless dim is at least 1, and eps finite and not negative.
  NormImpl(NormKind kind, std::int64_t dim, double eps);

  /// Throws OptionError if the last dimension is not D.
  torch::Tensor forward(const torch::Tensor& x);

  /// Makes the weight 1 and the bias 0.
  void reset_parameters();

  /// Registers parameters of the same shape and type, for clone() to fill.
  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  NormKind kind() const { return kind_; }

  torch::Tensor weight;  ///< gain [D], starts at 1
  torch::Tensor bias;    ///< [D], starts at 0; undefined if the kind has none

 private:
  NormKind kind_;
  double eps_;
};
TORCH_MODULE(Norm);

/// The norm that `config.norm` names, over `config.dim` with `config.norm_eps`.
Norm make_norm(const ModelConfig& config);

}  // namespace minillama
