#pragma once

#include <cstdint>
#include <span>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/modules/container/modulelist.h>

#include "minillama/core/model_config.h"
#include "minillama/core/random.h"
#include "minillama/model/decoder_layer.h"
#include "minillama/model/kv_cache.h"
#include "minillama/nn/dropout.h"
#include "minillama/nn/embedding.h"

namespace minillama {

/// Whether a new model's weights are drawn or left for a checkpoint to fill.
enum class Initial { random, uninitialized };

/// The Llama decoder (Touvron et al. 2023, arXiv:2307.09288): token ids in, hidden states out.
/// Heads are separate (model/language_model.h).
///
/// Parameters have the names of the CMU assignment's checkpoints: tok_embeddings.weight,
/// layers.N.attention.compute_query.weight, …, norm.weight; where positions are learned,
/// position_embeddings.weight.
class LlamaImpl : public torch::nn::Cloneable<LlamaImpl> {
 public:
  /// @param config    is resolved first; throws OptionError if it describes no model
  /// @param generator draws the weights now and the dropout masks later
  /// @param weights   random: normal(0, 0.02), the projections that write to the residual stream
  ///                  (compute_output, w2) normal(0, 0.02 / sqrt(2 n_layers)), norms at identity
  explicit LlamaImpl(const ModelConfig& config, torch::Generator generator = make_generator(0),
                     Initial weights = Initial::random);

  /// Hidden states of rows of equal length.
  ///
  /// @param ids   [B, T] int64, each in [0, vocab_size)
  /// @param cache of earlier positions of the same B rows, extended by these; causal models only
  /// @return [B, T, D], after the final norm
  /// This and those below throw OptionError, before anything is changed, if `ids` have another
  /// shape, type or device or one lies outside the vocabulary, if there are none, or if the cache
  /// is of another model, batch or device or has no room. On CUDA that waits for the ids.
  torch::Tensor forward(const torch::Tensor& ids, KVCache* cache = nullptr);

  /// Hidden states of sequences of any lengths, without padding: ids [N] -> [N, D]. What a sequence
  /// gets does not depend on its neighbours.
  torch::Tensor forward_packed(const torch::Tensor& ids, const Sequences& sequences);

  /// The same of sequences that continue rows of a cache, the i-th the row rows[i], which is
  /// extended; causal models only. Throws OptionError also if the rows do not increase.
  torch::Tensor forward_packed(const torch::Tensor& ids, const Sequences& sequences, KVCache& cache,
                               std::span<const std::int64_t> rows);

  /// forward_packed() of embeddings [N, D], such as tok_embeddings(ids) gives, in place of ids: for
  /// what changes or differentiates them. Embeddings of positions are added to them.
  torch::Tensor forward_embedded(const torch::Tensor& embeddings, const Sequences& sequences);

  /// Of forward_packed() the last token of each sequence, [N] -> [B, D]. The last layer computes
  /// nothing else: of the other tokens only their keys and values.
  torch::Tensor forward_last(const torch::Tensor& ids, const Sequences& sequences);

  const ModelConfig& config() const { return config_; }
  /// Type and device of what is computed.
  torch::TensorOptions options() const { return norm->weight.options(); }
  torch::Device device() const { return norm->weight.device(); }
  /// How many tokens a sequence may have: those of the context but for virtual ones, which an
  /// active adapter puts before each (Adapter::rows_before()).
  std::int64_t max_tokens() const;

  /// Changes which positions are attended to: a setting of the computation, not of the weights.
  /// Throws OptionError if the model's positions do not go with it.
  void set_attention(AttentionKind kind);

  /// Whether layers keep only their inputs for the backward pass, and are computed once more there:
  /// less memory, a third more time, the same bits. A setting of the computation, as the above.
  void set_recompute(bool recompute) { recompute_ = recompute; }

  /// Draws all weights anew, as the constructor does; adapters become new ones. A merged adapter is
  /// unmerged first. Throws OptionError if weights are frozen.
  void reset_parameters(torch::Generator generator);

  /// The same of the last n layers alone: what lies nearest to the objective of pretraining may be
  /// a worse start for another one than chance (Zhang et al. 2021, arXiv:2006.05987, section 4).
  /// Throws OptionError unless 0 <= n <= n_layers, and if weights are frozen.
  void reset_last_layers(std::int64_t n, torch::Generator generator);

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  Embedding tok_embeddings{nullptr};
  Embedding position_embeddings{nullptr};  ///< [max_seq_len, D]; empty unless positions have them
  torch::nn::ModuleList layers;
  Norm norm{nullptr};

 protected:
  FORWARD_HAS_DEFAULT_ARGS({1, torch::nn::AnyValue(static_cast<KVCache*>(nullptr))})

 private:
  std::int64_t n_virtual_tokens() const;
  /// Draws the weights of a part of it anew.
  void draw_anew(torch::nn::Module& part, torch::Generator generator);
  /// The embeddings of ids [N] that form `sequences`.
  torch::Tensor embed(const torch::Tensor& ids, const Sequences& sequences);
  torch::Tensor run(const torch::Tensor& embeddings, const Sequences& sequences,
                    KVCache* cache = nullptr, std::span<const std::int64_t> rows = {},
                    bool last_only = false);

  ModelConfig config_;
  bool recompute_ = false;
  Dropout dropout_{nullptr};
};
TORCH_MODULE(Llama);

}  // namespace minillama
