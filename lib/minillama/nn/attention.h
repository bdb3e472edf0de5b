#pragma once

#include <torch/torch.h>

#include "minillama/core/model_config.h"
#include "minillama/nn/dropout.h"
#include "minillama/nn/layer_cache.h"
#include "minillama/nn/linear.h"
#include "minillama/nn/sequences.h"

namespace minillama {

/// What all attention layers of one forward pass share.
struct AttentionContext {
  Sequences sequences;      ///< how the tokens form rows
  torch::Tensor rotations;  ///< of each token's position, [N, 1, Dh / 2] complex (nn/rope.h)
  torch::Tensor mask;  ///< true: not attended to; broadcasts to [B, 1, 1, T, S]; may be undefined
};

/// The mask of a pass over `sequences` in which `past` earlier positions come from a cache.
///
/// @return [T, S] for causal attention, [B, 1, 1, 1, S] to hide padding under full attention, or
///         undefined if nothing is to be hidden; S = past + T
torch::Tensor attention_mask(AttentionKind kind, const Sequences& sequences, std::int64_t past,
                             torch::Device device);

/// Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1) over grouped
/// heads: softmax(q k^T / sqrt(Dh)) v, where query heads g*G .. g*G+G-1 share key/value head g.
///
///     q [B, H, T, Dh]    k, v [B, Hkv, S, Dh]    G = H / Hkv
///
/// The queries of a group are stacked along T, so keys and values are never repeated in memory.
/// The softmax is taken in float32 for half types.
///
/// @param mask    as in AttentionContext
/// @param dropout applied to the attention weights
/// @return [B, H, T, Dh]
torch::Tensor scaled_dot_product_attention(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& v, const torch::Tensor& mask,
                                           Dropout& dropout);

/// Multi-head self-attention with rotary positions and grouped queries (Ainslie et al. 2023,
/// arXiv:2305.13245):
///
///     n_kv_heads == n_heads     1 < n_kv_heads < n_heads      n_kv_heads == 1
///     multi-head                grouped-query                 multi-query
///      v v v v                     v   v                         v
///      k k k k                     k   k                         k
///      | | | |                    / \ / \                     / | | \.
///      q q q q                   q  q q  q                   q  q q  q
class AttentionImpl : public torch::nn::Module {
 public:
  /// @param config    resolved
  /// @param generator for dropout
  AttentionImpl(const ModelConfig& config, const torch::Generator& generator);

  /// @param x     [N, D]
  /// @param cache of earlier positions; the new ones are appended. Needs rows of equal length.
  /// @return [N, D]
  torch::Tensor forward(const torch::Tensor& x, const AttentionContext& context,
                        LayerCache* cache = nullptr);

  Linear compute_query{nullptr};   ///< [H * Dh, D]
  Linear compute_key{nullptr};     ///< [Hkv * Dh, D]
  Linear compute_value{nullptr};   ///< [Hkv * Dh, D]
  Linear compute_output{nullptr};  ///< [D, H * Dh]

 private:
  std::int64_t head_dim_;
  Dropout attention_dropout_{nullptr};
  Dropout output_dropout_{nullptr};
};
TORCH_MODULE(Attention);

}  // namespace minillama
