#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minillama {

struct ModelConfig;

/// How a model knows where its tokens stand: a row of the table in core/position_schemes.cpp.
/// What a scheme does is what its row says of the three places where positions can come in; one
/// that says nothing tells the model nothing but what the causal mask does.
struct PositionScheme {
  std::string_view name;  ///< in config.json, and of `pretrain --positions`
  /// Queries and keys are turned (core/rotary_scaling.h).
  bool rotates = false;
  /// A trained vector for each position, [max_seq_len, D], is added to the embeddings of tokens:
  /// the parameter position_embeddings.weight. There are no positions beyond.
  bool has_embeddings = false;
  /// The slope m_h of each of H heads: a score q k^T / sqrt(Dh) has -m_h (distance) added before
  /// the softmax. Needs causal attention. Null: nothing is added.
  std::vector<double> (*slopes)(std::int64_t n_heads) = nullptr;
};

///     rope     rotary positions (Su et al. 2021, arXiv:2104.09864)
///     alibi    linear biases (Press et al. 2022, arXiv:2108.12409; core/alibi.h)
///     learned  absolute embeddings (Vaswani et al. 2017, arXiv:1706.03762, section 3.5; GPT-2's)
///     none     no positions (Haviv et al. 2022, arXiv:2203.16634; Kazemnejad et al. 2023,
///              arXiv:2305.19466)
std::span<const PositionScheme> position_schemes();
/// Null if there is none of that name.
const PositionScheme* find_position_scheme(std::string_view name);
/// "rope, alibi, learned or none"
std::string position_scheme_names();

/// That of config.positions. Throws OptionError if there is none of that name.
const PositionScheme& position_scheme(const ModelConfig& config);

/// Throws OptionError naming the field and its value if the fields of `config` that concern
/// positions do not go together. The shape and head_dim must be resolved.
void check_positions(const ModelConfig& config);

/// Throws OptionError if a resolved config has no positions for sequences of that length.
void require_positions(const ModelConfig& config, std::int64_t count);

/// The slopes of the biases of scores, [H]; empty if there are none.
std::vector<double> score_slopes(const ModelConfig& config);

/// What of its positions another program's Llama does not have, in words: "positions of the kind
/// alibi", "rotary_share 0.5". Empty: nothing, all dimensions are rotary.
std::string other_than_rope(const ModelConfig& config);

}  // namespace minillama
