#include "minillama/checkpoint/spelling.h"

#include <algorithm>

namespace minillama {
namespace {

constexpr Spelling kOurs = {
    .layer = "layers.",
    .embeddings = "tok_embeddings",
    .norm = "norm",
    .output = "output",
    .parts = {"attention_norm", "attention.compute_query", "attention.compute_key",
              "attention.compute_value", "attention.compute_output", "ffn_norm", "feed_forward.w1",
              "feed_forward.w2", "feed_forward.w3", "attention.query_norm", "attention.key_norm"}};

/// "w1" and ".weight" of "w1.weight"; empty if the name does not begin with that part.
std::optional<std::string_view> after(std::string_view part, std::string_view name) {
  if (!name.starts_with(part)) return {};
  name.remove_prefix(part.size());
  if (!name.empty() && name.front() != '.') return {};
  return name;
}

std::optional<std::string> respell(const Spelling& from, const Spelling& to,
                                   std::string_view name) {
  for (const auto part : {&Spelling::embeddings, &Spelling::norm, &Spelling::output}) {
    if (const auto rest = after(from.*part, name)) return std::string(to.*part).append(*rest);
  }
  if (!name.starts_with(from.layer)) return {};
  name.remove_prefix(from.layer.size());
  const std::size_t dot = std::min(name.find_first_not_of("0123456789"), name.size());
  if (dot == 0 || dot == name.size() || name[dot] != '.') return {};
  for (std::size_t i = 0; i < from.parts.size(); ++i) {
    if (const auto rest = after(from.parts[i], name.substr(dot + 1))) {
      return std::string(to.layer)
          .append(name.substr(0, dot + 1))
          .append(to.parts[i])
          .append(*rest);
    }
  }
  return {};
}

}  // namespace

const Spelling kHuggingFace = {
    .layer = "model.layers.",
    .embeddings = "model.embed_tokens",
    .norm = "model.norm",
    .output = "lm_head",
    .parts = {"input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
              "self_attn.o_proj", "post_attention_layernorm", "mlp.gate_proj", "mlp.down_proj",
              "mlp.up_proj", "self_attn.q_norm", "self_attn.k_norm"}};

const Spelling kGguf = {
    .layer = "blk.",
    .embeddings = "token_embd",
    .norm = "output_norm",
    .output = "output",
    .parts = {"attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate",
              "ffn_down", "ffn_up", "attn_q_norm", "attn_k_norm"}};

std::optional<std::string> to_spelling(const Spelling& spelling, std::string_view name) {
  return respell(kOurs, spelling, name);
}

std::optional<std::string> from_spelling(const Spelling& spelling, std::string_view name) {
  return respell(spelling, kOurs, name);
}

}  // namespace minillama
