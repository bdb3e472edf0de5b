#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "minillama/core/rotary_scaling.h"

namespace minillama {

/// Which positions a token may attend to.
enum class AttentionKind {
  causal,  ///< itself and what stands before it: what a language model is trained with
  full,    ///< the whole sequence: what the CMU assignment's reference computes
};

/// The normalisation before each sub-layer and at the end.
enum class NormKind {
  layernorm,  ///< (x - mean) / sqrt(var + eps) * weight + bias: the CMU assignment's choice
  rmsnorm,    ///< x / sqrt(mean(x^2) + eps) * weight: Llama's own
};

/// The shape of a Llama and the choices that its weights were trained with.
///
/// Zero in `n_kv_heads`, `head_dim` or `hidden_dim` stands for the default named there; resolved()
/// fills it in.
struct ModelConfig {
  std::int64_t dim = 512;           ///< D, width of the hidden states
  std::int64_t n_layers = 8;        ///< number of decoder layers
  std::int64_t n_heads = 8;         ///< H, query heads
  std::int64_t n_kv_heads = 0;      ///< Hkv, key/value heads (divides n_heads); 0: n_heads
  std::int64_t head_dim = 0;        ///< Dh, width of one head, even; 0: dim / n_heads
  std::int64_t hidden_dim = 0;      ///< width inside the feed-forward; 0: see resolved()
  std::int64_t multiple_of = 32;    ///< rounds the default of hidden_dim up
  std::int64_t vocab_size = 32000;  ///< V, number of tokens
  std::int64_t max_seq_len = 1024;  ///< positions the model was trained for
  double norm_eps = 1e-5;           ///< epsilon of the norms
  double rope_theta = 10000.0;      ///< base of the rotary frequencies
  RotaryScaling rope_scaling = {};  ///< of these frequencies (core/rotary_scaling.h)
  std::string positions = "rope";   ///< a name of position_schemes() (core/position_schemes.h)
  double rotary_share = 1;          ///< share of each head's dimensions that are rotary, the first
  double dropout = 0.0;             ///< probability of dropping, in training only
  NormKind norm = NormKind::layernorm;
  AttentionKind attention = AttentionKind::causal;
  bool tied_embeddings = true;  ///< the output matrix is the embedding matrix
  bool qkv_bias = false;        ///< queries, keys and values have biases
  bool output_bias = false;     ///< the output of attention has one
  bool qk_norm = false;         ///< each head's query and key goes through an RMSNorm, then turns

  /// H Dh, width of all queries, and of what attention gives to its output matrix.
  std::int64_t query_dim() const { return n_heads * head_dim; }
  /// Hkv Dh, width of all keys, and of all values.
  std::int64_t kv_dim() const { return n_kv_heads * head_dim; }

  /// How many pairs of a head's dimensions are turned, where positions are rotary.
  std::int64_t rotary_pairs() const {
    return static_cast<std::int64_t>(rotary_share * static_cast<double>(head_dim) / 2 + 0.5);
  }

  /// This config with the defaults filled in: n_kv_heads = n_heads, head_dim = dim / n_heads,
  /// hidden_dim = int(8 dim / 3) rounded up to a multiple of `multiple_of`, and those of
  /// `rope_scaling`. Throws OptionError naming the field and the value
  /// if the fields do not describe a model.
  ModelConfig resolved() const;

  bool operator==(const ModelConfig&) const = default;
};

std::string_view to_string(AttentionKind kind);
std::string_view to_string(NormKind kind);
/// Throw OptionError unless `text` is one of the names above.
AttentionKind attention_kind(std::string_view text);
NormKind norm_kind(std::string_view text);

}  // namespace minillama
