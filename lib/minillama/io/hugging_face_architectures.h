#pragma once

// Not part of the public interface: the families of models that transformers and llama.cpp tell
// apart and that compute what a Llama does here.

#include <cstdint>
#include <span>
#include <string_view>

#include "minillama/core/model_config.h"

namespace minillama {

/// A family: a row of the table in io/hugging_face_architectures.cpp.
struct Architecture {
  std::string_view model_type;       ///< "qwen2", of config.json
  std::string_view class_name;       ///< "Qwen2ForCausalLM", among "architectures"
  std::string_view classifier_name;  ///< "Qwen2ForSequenceClassification", likewise
  std::int64_t n_kv_heads;           ///< where the config says nothing; 0: as many as query heads
  std::int64_t head_dim;             ///< likewise; 0: hidden_size / num_attention_heads
  bool (*qkv_bias)(bool attention_bias);
  bool (*output_bias)(bool attention_bias);
  bool has_attention_bias;  ///< whether its config has that field
  bool qk_norm;
  /// Its layers look back over `sliding_window` positions: always, or if `use_sliding_window`.
  enum class Window { none, always, if_used } window;
  std::int64_t sliding_window;  ///< where the config says nothing
};

std::span<const Architecture> architectures();

/// Null if there is none of that model_type.
const Architecture* find_architecture(std::string_view model_type);

/// The first one that can be like `config`. Throws OptionError naming the field if none can.
const Architecture& architecture_of(const ModelConfig& config);

}  // namespace minillama
