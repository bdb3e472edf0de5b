#pragma once

// Models for an engine, and what their modules compute.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "minillama/engine/engine.h"
#include "minillama/model/language_model.h"
#include "minillama/model/module_weights.h"

namespace minillama::test {

/// A model with weights that differ enough for every one of them to matter, norms included.
inline LanguageModel random_model(const ModelConfig& config) {
  auto generator = make_generator(3);
  LanguageModel model(config, generator);
  const torch::NoGradGuard no_grad;
  for (auto& item : model->named_parameters()) {
    const bool norm = item.key().find("norm") != std::string::npos;
    item.value().normal_(norm ? 1 : 0, norm ? 0.3 : 0.15, generator);
  }
  model->eval();
  return model;
}

inline std::vector<std::int64_t> random_ids(const ModelConfig& config, std::int64_t count,
                                            std::uint64_t seed) {
  const auto ids = torch::randint(config.vocab_size, {count}, make_generator(seed), torch::kLong);
  return {ids.data_ptr<std::int64_t>(), ids.data_ptr<std::int64_t>() + count};
}

/// The module's logits [T, V] of all positions.
inline torch::Tensor module_logits(LanguageModel& model, const std::vector<std::int64_t>& ids) {
  const torch::NoGradGuard no_grad;
  return model(torch::tensor(ids).unsqueeze(0)).squeeze(0);
}

inline torch::Tensor to_tensor(std::span<const float> logits) {
  return torch::tensor(std::vector<float>(logits.begin(), logits.end()));
}

inline Engine make_engine(LanguageModel& model, std::size_t sequences = 1) {
  return {std::make_shared<const Weights>(weights_of(model)), sequences,
          static_cast<std::size_t>(model->config().max_seq_len)};
}

/// The models that a test goes through: both norms, grouped and single key/value heads, tied and
/// separate heads, widths that are no multiples of a vector, heads of their own width, biases,
/// norms of queries and keys, scaled rotary positions, other schemes of positions.
inline std::vector<ModelConfig> configs() {
  const ModelConfig base{.dim = 48,
                         .n_layers = 3,
                         .n_heads = 6,
                         .n_kv_heads = 6,
                         .hidden_dim = 76,
                         .vocab_size = 101,
                         .max_seq_len = 40};
  std::vector<ModelConfig> all(13, base);
  all[1].norm = NormKind::rmsnorm;
  all[1].norm_eps = 0.1;
  all[2].n_kv_heads = 2;
  all[2].rope_theta = 100;
  all[3].n_kv_heads = 1;
  all[3].tied_embeddings = false;
  all[4].dim = 30;
  all[4].n_heads = 5;
  all[4].n_kv_heads = 5;
  all[4].hidden_dim = 33;
  all[4].norm = NormKind::rmsnorm;
  all[5].dim = 160;
  all[5].n_heads = 2;
  all[5].n_kv_heads = 1;
  all[6].head_dim = 14;
  all[6].n_kv_heads = 3;
  all[6].qkv_bias = all[6].output_bias = true;
  all[6].norm = NormKind::rmsnorm;
  all[6].rope_scaling = {.kind = "llama3",
                         .factor = 8,
                         .original_context = 16,
                         .low_freq_factor = 1,
                         .high_freq_factor = 4};
  all[7].head_dim = 6;
  all[7].qkv_bias = all[7].qk_norm = true;
  all[7].rope_theta = 100;
  all[7].rope_scaling = {.kind = "yarn", .factor = 4, .original_context = 10};
  all[8].positions = all[9].positions = "alibi";
  all[8].n_kv_heads = 2;
  all[9].n_kv_heads = 3;
  all[9].head_dim = 14;
  all[9].qk_norm = true;
  all[10].positions = "learned";
  all[11].positions = "none";
  all[11].norm = NormKind::rmsnorm;
  all[12].rotary_share = 0.5;
  all[12].rope_theta = 100;
  return all;
}

}  // namespace minillama::test
