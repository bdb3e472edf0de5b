#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <torch/nn/cloneable.h>

#include "minillama/core/model_config.h"

namespace minillama {

/// A normalisation over the last dimension, x [..., D] -> [..., D], whichever kind the model uses.
///
/// Statistics are taken in float32 for half-precision inputs and in the input's own type otherwise.
class NormImpl : public virtual torch::nn::Module {
 public:
  /// Throws OptionError if the last dimension is not D.
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;

  /// Makes the weight 1 and the bias 0.
  void reset_parameters();

  // Moving would move the virtual base twice: from here and from torch::nn::Cloneable.
  NormImpl(const NormImpl&) = default;
  NormImpl& operator=(const NormImpl&) = default;

  torch::Tensor weight;  ///< gain [D], starts at 1
  torch::Tensor bias;    ///< [D], starts at 0; undefined if the kind has none

 protected:
  /// Registers the parameters. Throws OptionError unless dim >= 1, and eps >= 0 and finite.
  NormImpl(std::int64_t dim, double eps, bool with_bias);

  /// What a copy's reset() does: registers parameters of its own.
  void register_again();
  void require_input(const torch::Tensor& x) const;
  /// "minillama::<kind>(dim=…, eps=…)"
  void print(std::ostream& stream, std::string_view kind) const;

  double eps_;
};
TORCH_MODULE_IMPL(Norm, NormImpl);

/// The norm that `config.norm` names, over `config.dim` with `config.norm_eps`.
Norm make_norm(const ModelConfig& config);

/// A norm of the same kind that shares the parameters of `norm`: what a reset() registers, for
/// clone() to fill.
Norm shallow_copy(const Norm& norm);

/// `x` in the type in which statistics are taken: float32 for half types, else unchanged.
torch::Tensor to_statistics_type(const torch::Tensor& x);

}  // namespace minillama
