#pragma once

#include <span>

#include <torch/nn/cloneable.h>

#include "minillama/model/llama.h"
#include "minillama/nn/dropout.h"
#include "minillama/text/batch.h"
#include "minillama/weights/classifier_config.h"

namespace minillama {

/// Sequences as a classifier reads them.
struct ClassifierInput {
  torch::Tensor ids;    ///< [N] int64
  Sequences sequences;  ///< how they form B sequences
};

/// Lays sequences out for `pooling`: one after the other, or padded with `pad_id` for padded_last,
/// where padding counts as tokens like all others. Throws OptionError if there are no sequences or
/// an empty one.
ClassifierInput classifier_input(std::span<const TokenIds> sequences, PoolingKind pooling,
                                 std::int64_t pad_id);

/// A Llama with a linear head on a pooled hidden state:
///
///     logits = W dropout(pool(llama(ids))) + b
///
/// Its parameters are those of the Llama under `llama.` and `classifier_head.weight` [L, D] and
/// `classifier_head.bias` [L], as in the CMU assignment's checkpoints.
class ClassifierImpl : public torch::nn::Cloneable<ClassifierImpl> {
 public:
  /// @param generator draws the head ~ uniform(±1 / sqrt(D)) now and the dropout masks later
  /// Throws OptionError if the config cannot be used or `llama` is empty.
  ClassifierImpl(Llama llama, const ClassifierConfig& config, torch::Generator generator);

  /// Logits [B, L]; the labels' log-probabilities are their log-softmax. Throws like LlamaImpl's
  /// functions.
  torch::Tensor forward(const ClassifierInput& input);

  /// The two halves of forward(): what is classified of each sequence, [B, D], and its logits.
  torch::Tensor pooled(const ClassifierInput& input);
  torch::Tensor classify(const torch::Tensor& pooled);

  /// pooled() where `perturbation` [N, D] is added to the embeddings of the tokens.
  torch::Tensor pooled_perturbed(const ClassifierInput& input, const torch::Tensor& perturbation);

  /// What is classified of hidden states [N, D] that form B sequences, [B, D].
  torch::Tensor pool(const torch::Tensor& hidden, const Sequences& sequences) const;

  /// Draws all weights anew, the Llama's too.
  void reset_parameters(torch::Generator generator);

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  const ClassifierConfig& config() const { return config_; }
  /// Of the probabilities that are made of the logits; they themselves stay as they are. Throws
  /// OptionError unless it is positive.
  void set_temperature(double temperature);

  Llama llama{nullptr};
  Linear classifier_head{nullptr};  ///< with bias

 private:
  ClassifierConfig config_;
  Dropout dropout_{nullptr};
};
TORCH_MODULE(Classifier);

}  // namespace minillama
