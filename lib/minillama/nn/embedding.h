#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/ops/frozen_matrix.h"

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

  /// Makes the weight `matrix`, which is never trained, and `weight` undefined (as
  /// LinearImpl::freeze()). Throws OptionError if it has another shape.
  void freeze(const FrozenMatrix& matrix);
  bool is_frozen() const { return frozen_.defined(); }
  const FrozenMatrix& frozen() const { return frozen_; }

  /// The weight as numbers: `weight`, or those of a frozen one, made anew.
  torch::Tensor dense_weight() const { return is_frozen() ? to_floats(frozen_) : weight; }

  /// Draws W ~ normal(0, 0.02). Throws OptionError if the weight is frozen.
  void reset_parameters(torch::Generator generator);

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor weight;  ///< [V, D]; undefined if it is frozen

 private:
  std::int64_t count_;
  std::int64_t dim_;
  FrozenMatrix frozen_;
};
TORCH_MODULE(Embedding);

}  // namespace minillama
