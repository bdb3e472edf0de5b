#pragma once

#include <memory>

#include <torch/torch.h>

#include "minillama/core/model_config.h"

namespace minillama {

/// A normalisation over the last dimension, x [..., D] -> [..., D], whichever kind the model uses.
///
/// Statistics are taken in float32 for half-precision inputs and in the input's own type otherwise.
class NormImpl : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;

  torch::Tensor weight;  ///< gain [D], starts at 1
  torch::Tensor bias;    ///< [D], starts at 0; undefined if the kind has none
};
TORCH_MODULE_IMPL(Norm, NormImpl);

/// The norm that `config.norm` names, over `config.dim` with `config.norm_eps`.
Norm make_norm(const ModelConfig& config);

/// `x` in the type in which statistics are taken: float32 for half types, else unchanged.
torch::Tensor to_statistics_type(const torch::Tensor& x);

}  // namespace minillama
