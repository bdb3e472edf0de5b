#include "minillama/io/hugging_face_architectures.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

bool never(bool) {
  return false;
}
bool always(bool) {
  return true;
}
bool as_said(bool attention_bias) {
  return attention_bias;
}

using Window = Architecture::Window;

/// As transformers' configurations and models of these names have it.
constexpr std::array<Architecture, 4> kArchitectures{{
    {.model_type = "llama",
     .class_name = "LlamaForCausalLM",
     .classifier_name = "LlamaForSequenceClassification",
     .n_kv_heads = 0,
     .head_dim = 0,
     .qkv_bias = as_said,
     .output_bias = as_said,
     .has_attention_bias = true,
     .qk_norm = false,
     .window = Window::none,
     .sliding_window = 0},
    {.model_type = "mistral",
     .class_name = "MistralForCausalLM",
     .classifier_name = "MistralForSequenceClassification",
     .n_kv_heads = 8,
     .head_dim = 0,
     .qkv_bias = never,
     .output_bias = never,
     .has_attention_bias = false,
     .qk_norm = false,
     .window = Window::always,
     .sliding_window = 4096},
    {.model_type = "qwen2",
     .class_name = "Qwen2ForCausalLM",
     .classifier_name = "Qwen2ForSequenceClassification",
     .n_kv_heads = 32,
     .head_dim = 0,
     .qkv_bias = always,
     .output_bias = never,
     .has_attention_bias = false,
     .qk_norm = false,
     .window = Window::if_used,
     .sliding_window = 4096},
    {.model_type = "qwen3",
     .class_name = "Qwen3ForCausalLM",
     .classifier_name = "Qwen3ForSequenceClassification",
     .n_kv_heads = 32,
     .head_dim = 128,
     .qkv_bias = as_said,
     .output_bias = as_said,
     .has_attention_bias = true,
     .qk_norm = true,
     .window = Window::if_used,
     .sliding_window = 4096},
}};

}  // namespace

std::span<const Architecture> architectures() {
  return kArchitectures;
}

const Architecture* find_architecture(std::string_view model_type) {
  const auto* found = std::ranges::find(kArchitectures, model_type, &Architecture::model_type);
  return found == kArchitectures.end() ? nullptr : found;
}

const Architecture& architecture_of(const ModelConfig& config) {
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.qk_norm != config.qk_norm) continue;
    for (const bool said : {false, true}) {
      if (architecture.qkv_bias(said) == config.qkv_bias &&
          architecture.output_bias(said) == config.output_bias) {
        return architecture;
      }
    }
  }
  throw OptionError(
      fmt::format("no model of transformers has qkv_bias {}, output_bias {} and "
                  "qk_norm {} together",
                  config.qkv_bias, config.output_bias, config.qk_norm));
}

}  // namespace minillama
