#pragma once

#include <optional>
#include <vector>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>

#include "minillama/core/model_config.h"
#include "minillama/nn/dropout.h"
#include "minillama/nn/layer_cache.h"
#include "minillama/nn/linear.h"
#include "minillama/nn/norm.h"
#include "minillama/ops/sequences.h"

namespace minillama {

/// What all attention layers of one forward pass share.
struct AttentionContext {
  Sequences sequences;  ///< how the tokens form rows
  /// Of each token's position, [N, 1, Dh / 2] complex (ops/rope.h), behind virtual tokens if there
  /// are any (AttentionImpl::n_virtual_tokens()); undefined where the config's positions are not
  /// rotary.
  torch::Tensor rotations;
  /// How many positions, from the first on, each query attends to, [B, T] int64 or, with last_only,
  /// [B, 1]; undefined: all.
  torch::Tensor visible;
  /// Of biases by distance, one for each query head (ops/attention.h); empty where the config's
  /// positions have none.
  std::vector<double> slopes = {};
  /// Where the tokens go in the layers' caches, if there are any.
  std::optional<CachePlaces> places = {};
  /// Whether the last token of each sequence is its only query: all are keys, B tokens come out.
  bool last_only = false;

  /// The same for a layer whose outputs for the other tokens nobody needs.
  AttentionContext for_last_tokens() const;
  /// How the queries form rows.
  Sequences query_sequences() const;
  /// [N, ...] -> what belongs to the queries, [N, ...] or [B, ...].
  torch::Tensor of_queries(const torch::Tensor& tokens) const;
};

/// Multi-head self-attention with rotary positions or biases by distance, and grouped queries
/// (Ainslie et al. 2023, arXiv:2305.13245):
///
///     n_kv_heads == n_heads     1 < n_kv_heads < n_heads      n_kv_heads == 1
///     multi-head                grouped-query                 multi-query
///      v v v v                     v   v                         v
///      k k k k                     k   k                         k
///      | | | |                    / \ / \                     / | | \.
///      q q q q                   q  q q  q                   q  q q  q
///
/// The projections may have biases, and each head's query and key may go through an RMSNorm with a
/// gain that its heads share before it turns (Henry et al. 2020, arXiv:2010.04245, as Qwen3 has
/// it).
class AttentionImpl : public torch::nn::Cloneable<AttentionImpl> {
 public:
  /// @param config    resolved
  /// @param generator for dropout
  AttentionImpl(const ModelConfig& config, const torch::Generator& generator);

  /// @param x     [N, D]
  /// @param cache of earlier positions, to which the new ones are added at context.places
  /// @return [N, D], with context.last_only [B, D]
  /// Throws OptionError, before the cache is changed, if x, the context and the cache do not go
  /// together, or keys and values have other numbers of virtual tokens.
  torch::Tensor forward(const torch::Tensor& x, const AttentionContext& context,
                        LayerCache* cache = nullptr);

  /// How many virtual tokens, which every query sees, stand before each sequence by an active
  /// adapter of keys and values (Adapter::rows_before()): their keys are rotated already.
  std::int64_t n_virtual_tokens() const;

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  Linear compute_query{nullptr};   ///< [H * Dh, D]
  Linear compute_key{nullptr};     ///< [Hkv * Dh, D]
  Linear compute_value{nullptr};   ///< [Hkv * Dh, D]
  Linear compute_output{nullptr};  ///< [D, H * Dh]
  Norm query_norm{nullptr};        ///< [Dh], of each query; empty unless config.qk_norm
  Norm key_norm{nullptr};          ///< [Dh], of each key

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(static_cast<LayerCache*>(nullptr))})

 private:
  std::int64_t head_dim_;
  bool rotates_;
  std::int64_t n_slopes_;
  Dropout attention_dropout_{nullptr};
  Dropout output_dropout_{nullptr};
};
TORCH_MODULE(Attention);

}  // namespace minillama
