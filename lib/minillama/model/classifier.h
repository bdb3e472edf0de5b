#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <torch/nn/cloneable.h>

#include "minillama/model/llama.h"
#include "minillama/nn/dropout.h"
#include "minillama/text/batch.h"

namespace minillama {

/// Which hidden states stand for a sequence.
enum class PoolingKind {
  last,         ///< that of its last token, which under causal attention has seen all others
  mean,         ///< the mean over its tokens
  padded_last,  ///< that of the last position of a row padded to its batch's longest: what the CMU
                ///< assignment's reference does. Depends on the batch
};

std::string_view to_string(PoolingKind pooling);
/// "last", "mean" or "padded-last"; throws OptionError on any other text.
PoolingKind pooling_kind(std::string_view text);

/// What makes a classifier of a Llama.
struct ClassifierConfig {
  std::vector<std::string> label_names = {};  ///< at least 2, all different
  PoolingKind pooling = PoolingKind::mean;
  std::string sentence_template = "{sentence}";  ///< text/sentence_template.h
  double dropout = 0.3;                          ///< on the pooled state, in training, in [0, 1)

  /// Throws OptionError naming the field and the value if one cannot be used.
  void validate() const;

  bool operator==(const ClassifierConfig&) const = default;
};

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

  /// Draws all weights anew, the Llama's too.
  void reset_parameters(torch::Generator generator);

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  const ClassifierConfig& config() const { return config_; }

  Llama llama{nullptr};
  Linear classifier_head{nullptr};  ///< with bias

 private:
  ClassifierConfig config_;
  Dropout dropout_{nullptr};
};
TORCH_MODULE(Classifier);

}  // namespace minillama
