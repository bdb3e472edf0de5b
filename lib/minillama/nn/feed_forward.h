#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/core/model_config.h"
#include "minillama/nn/dropout.h"
#include "minillama/nn/linear.h"

namespace minillama {

/// The position-wise feed-forward network with a gated unit (SwiGLU; Shazeer 2020,
/// arXiv:2002.05202):
///
///     y = w2(silu(w1 x) * w3 x),    silu(z) = z * sigmoid(z)
class FeedForwardImpl : public torch::nn::Cloneable<FeedForwardImpl> {
 public:
  /// @param config    resolved
  /// @param generator for dropout
  FeedForwardImpl(const ModelConfig& config, const torch::Generator& generator);

  /// x [..., D] -> [..., D]; throws like apply_linear() (ops/linear.h).
  torch::Tensor forward(const torch::Tensor& x);

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  Linear w1{nullptr};  ///< gate [hidden_dim, D]
  Linear w2{nullptr};  ///< down [D, hidden_dim]
  Linear w3{nullptr};  ///< up   [hidden_dim, D]

 private:
  Dropout dropout_{nullptr};
};
TORCH_MODULE(FeedForward);

}  // namespace minillama
