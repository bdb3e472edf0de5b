#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>

#include "minillama/model/llama.h"

namespace minillama {

/// A Llama with the head that predicts the next token: logits = hidden W^T, where W is the
/// embedding matrix itself if the config ties them, else a matrix of its own (`output`).
class LanguageModelImpl : public torch::nn::Cloneable<LanguageModelImpl> {
 public:
  /// As Llama; the head is drawn like the rest.
  explicit LanguageModelImpl(const ModelConfig& config,
                             torch::Generator generator = make_generator(0),
                             Initial weights = Initial::random);

  /// Hidden states [..., D] -> logits [..., V]; throws like apply_linear() (ops/linear.h).
  torch::Tensor logits(const torch::Tensor& hidden);

  /// W, [V, D]; of a frozen one its numbers, made anew.
  torch::Tensor output_weight() const;

  /// ids [B, T] -> logits [B, T, V]; see LlamaImpl::forward.
  torch::Tensor forward(const torch::Tensor& ids, KVCache* cache = nullptr);

  /// Draws all weights anew; see LlamaImpl::reset_parameters.
  void reset_parameters(torch::Generator generator);

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  const ModelConfig& config() const { return llama->config(); }

  Llama llama{nullptr};
  Linear output{nullptr};  ///< empty if tied

 protected:
  FORWARD_HAS_DEFAULT_ARGS({1, torch::nn::AnyValue(static_cast<KVCache*>(nullptr))})
};
TORCH_MODULE(LanguageModel);

}  // namespace minillama
