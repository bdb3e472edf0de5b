#pragma once

#include <torch/nn/cloneable.h>

namespace minillama {

/// A vector for each token id: the rows of a matrix W [V, D].
///
/// Unlike torch::nn::Embedding it draws nothing from LibTorch's global generator and says what is
/// wrong with an id.
class EmbeddingImpl : public torch::nn::Cloneable<EmbeddingImpl> {
 public:
  /// The weight is uninitialised until someone or a checkpoint fills it. Throws OptionError unless
  /// both sizes are at least 1.
  EmbeddingImpl(std::int64_t count, std::int64_t dim);

  /// ids [...] int64, each in [0, V), on the weight's device -> [..., D]. Throws OptionError on any
  /// others.
  torch::Tensor forward(const torch::Tensor& ids);

  /// Draws W ~ normal(0, 0.02).
  void reset_parameters(torch::Generator generator);

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor weight;  ///< [V, D]
};
TORCH_MODULE(Embedding);

}  // namespace minillama
