#pragma once

// Not part of the public interface.

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace minillama {

/// How another format calls the parts of a Llama, whose own names are
/// "layers.N.attention.compute_query", …: the two ways of a tensor's name.
struct Spelling {
  std::string_view layer;       ///< what stands before a layer's number: "model.layers."
  std::string_view embeddings;  ///< tok_embeddings
  std::string_view norm;        ///< norm
  std::string_view output;      ///< output
  /// Of a layer: attention_norm, attention.compute_{query,key,value,output}, ffn_norm,
  /// feed_forward.{w1,w2,w3}, attention.{query,key}_norm.
  std::array<std::string_view, 11> parts;
};

/// Hugging Face: "model.layers.0.self_attn.q_proj".
extern const Spelling kHuggingFace;
/// GGUF: "blk.0.attn_q".
extern const Spelling kGguf;

/// The name that a tensor or linear has in the other format. What follows the part (".weight")
/// stays. Empty if it has none.
std::optional<std::string> to_spelling(const Spelling& spelling, std::string_view name);

/// Our name for a tensor or linear of the other format. Empty if it is none of a Llama.
std::optional<std::string> from_spelling(const Spelling& spelling, std::string_view name);

}  // namespace minillama
