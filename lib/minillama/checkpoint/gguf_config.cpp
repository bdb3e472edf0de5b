#include "minillama/checkpoint/gguf_config.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "minillama/checkpoint/gguf_rotary.h"
#include "minillama/core/error.h"
#include "minillama/core/position_schemes.h"

namespace minillama {
namespace {

/// As llama.cpp's graphs of these names compute them. Mistral's models have the first.
constexpr std::array<GgufArchitecture, 3> kArchitectures{{
    {.name = "llama",
     .rows = RotaryRows::pairs,
     .qk_norm = false,
     .biases = true,
     .has_divisors = true},
    {.name = "qwen2",
     .rows = RotaryRows::halves,
     .qk_norm = false,
     .biases = true,
     .has_divisors = false},
    {.name = "qwen3",
     .rows = RotaryRows::halves,
     .qk_norm = true,
     .biases = false,
     .has_divisors = false},
}};

const GgufArchitecture& named(std::string_view name) {
  return *std::ranges::find(kArchitectures, name, &GgufArchitecture::name);
}

/// Keys that the reader reads, here or in io/gguf_tokenizer.h and io/gguf_bpe.h; and those that say
/// nothing about what is computed. A name that ends with a dot stands for all that begin with it;
/// one that begins with a dot follows the architecture's.
constexpr std::array kUsedKeys = {"general.architecture",
                                  "general.alignment",
                                  "general.type",
                                  ".vocab_size",
                                  ".context_length",
                                  ".embedding_length",
                                  ".block_count",
                                  ".feed_forward_length",
                                  ".attention.head_count",
                                  ".attention.head_count_kv",
                                  ".attention.layer_norm_rms_epsilon",
                                  ".attention.key_length",
                                  ".attention.value_length",
                                  ".attention.sliding_window",
                                  ".rope.dimension_count",
                                  ".rope.freq_base",
                                  ".rope.scaling.type",
                                  ".rope.scaling.factor",
                                  ".rope.scaling.original_context_length",
                                  ".rope.scaling.attn_factor",
                                  ".rope.scaling.yarn_beta_fast",
                                  ".rope.scaling.yarn_beta_slow",
                                  ".rope.scale_linear",
                                  "tokenizer.ggml.model",
                                  "tokenizer.ggml.pre",
                                  "tokenizer.ggml.tokens",
                                  "tokenizer.ggml.scores",
                                  "tokenizer.ggml.token_type",
                                  "tokenizer.ggml.merges",
                                  "tokenizer.ggml.unknown_token_id",
                                  "tokenizer.ggml.bos_token_id",
                                  "tokenizer.ggml.eos_token_id",
                                  "tokenizer.ggml.eot_token_id",
                                  "tokenizer.ggml.eom_token_id",
                                  "tokenizer.ggml.padding_token_id",
                                  "tokenizer.ggml.add_bos_token",
                                  "tokenizer.ggml.add_space_prefix",
                                  "tokenizer.ggml.remove_extra_whitespaces"};
constexpr std::array kHarmlessKeys = {"general.",
                                      "split.",
                                      "quantize.",
                                      ".tensor_data_layout",
                                      ".rope.scaling.finetuned",
                                      ".expert_used_count",
                                      "tokenizer.ggml.seperator_token_id",
                                      "tokenizer.ggml.separator_token_id",
                                      "tokenizer.ggml.cls_token_id",
                                      "tokenizer.ggml.mask_token_id",
                                      "tokenizer.ggml.prefix_token_id",
                                      "tokenizer.ggml.suffix_token_id",
                                      "tokenizer.ggml.middle_token_id",
                                      "tokenizer.ggml.fim_pre_token_id",
                                      "tokenizer.ggml.fim_suf_token_id",
                                      "tokenizer.ggml.fim_mid_token_id",
                                      "tokenizer.ggml.fim_pad_token_id",
                                      "tokenizer.ggml.fim_rep_token_id",
                                      "tokenizer.ggml.fim_sep_token_id",
                                      "tokenizer.ggml.token_type_count",
                                      "tokenizer.huggingface.json",
                                      "tokenizer.chat_template",
                                      "tokenizer.chat_template.",
                                      "tokenizer.chat_templates"};
/// Harmless with this value, as GgufFile::shown() shows it, which is what its absence means.
constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kNeutralKeys{
    {{".rope.scaling.yarn_ext_factor", "1"},
     {".rope.scaling.yarn_attn_factor", "1"},
     {".rope.scaling.yarn_log_multiplier", "0"},
     {".expert_count", "0"},
     {".attention.causal", "true"},
     {".attention.clamp_kqv", "0"},
     {".attention.max_alibi_bias", "0"},
     {".attention.scale", "0"},
     {".logit_scale", "0"},
     {".logit_scale", "1"},
     {".residual_scale", "0"},
     {".embedding_scale", "0"},
     {".use_parallel_residual", "false"},
     {"tokenizer.ggml.add_eos_token", "false"},
     {"tokenizer.ggml.add_sep_token", "false"}}};

/// Refuses a key that might change what the model computes.
void check_keys(const GgufFile& file, std::string_view architecture) {
  for (const auto whole_key : file.keys()) {
    auto key = whole_key;
    if (key.starts_with(architecture)) key.remove_prefix(architecture.size());
    const auto stands_for = [&](std::string_view name) {
      return name.ends_with('.') ? key.starts_with(name) : key == name;
    };
    if (std::ranges::any_of(kUsedKeys, stands_for) ||
        std::ranges::any_of(kHarmlessKeys, stands_for)) {
      continue;
    }
    const auto shown = file.shown(whole_key);
    const auto is_known = [&](const auto& neutral) { return neutral.first == key; };
    const auto is_neutral = [&](const auto& neutral) {
      return neutral.first == key && neutral.second == shown;
    };
    if (std::ranges::any_of(kNeutralKeys, is_neutral)) continue;
    const bool scales = key.starts_with(".rope.");
    throw FileError(
        file.path(),
        fmt::format("{}{} is {}, which is {}", scales ? "scales its rotary positions: " : "",
                    quote(whole_key), shown.empty() ? "a list" : shown,
                    std::ranges::any_of(kNeutralKeys, is_known)
                        ? "not supported"
                        : "not known: it may change what the model computes"));
  }
}

}  // namespace

const GgufArchitecture& gguf_architecture(const GgufFile& file) {
  const auto& path = file.path();
  if (file.has("split.count") && file.integer("split.count") > 1) {
    throw FileError(path, fmt::format("is part {} of {} of a model; put them together with "
                                      "llama-gguf-split --merge",
                                      (file.has("split.no") ? file.integer("split.no") : 0) + 1,
                                      file.integer("split.count")));
  }
  if (file.has("general.type") && file.text("general.type") != "model") {
    throw FileError(path, fmt::format("is of the type {}; a model is needed here",
                                      quote(file.text("general.type"))));
  }
  const auto name = file.text("general.architecture");
  const auto* found = std::ranges::find(kArchitectures, name, &GgufArchitecture::name);
  if (found == kArchitectures.end()) {
    throw FileError(path, fmt::format("is of the architecture {}; \"llama\", \"qwen2\" and "
                                      "\"qwen3\" are read",
                                      quote(name)));
  }
  return *found;
}

const GgufArchitecture& gguf_architecture_for(const ModelConfig& config) {
  // llama.cpp's qwen2 knows no width of heads and no divisors, its llama any biases.
  const bool has_divisors = !gguf_divisors(config).empty();
  const bool is_qwen2 =
      config.qkv_bias && !config.output_bias && config.query_dim() == config.dim && !has_divisors;
  const auto& architecture = named(config.qk_norm ? "qwen3" : is_qwen2 ? "qwen2" : "llama");
  const auto refuse = [&](std::string_view what) {
    throw OptionError(
        fmt::format("a GGUF file of the architecture {} cannot have {}", architecture.name, what));
  };
  if (const auto other = other_than_rope(config); !other.empty()) refuse(other);
  if (config.qkv_bias && !architecture.biases) refuse("biases of attention (qkv_bias)");
  if (config.output_bias && !architecture.biases) refuse("biases of attention (output_bias)");
  if (has_divisors && !architecture.has_divisors) {
    refuse(fmt::format("rope_scaling of the kind {}", config.rope_scaling.kind));
  }
  gguf_rotary_metadata(config, architecture.name);  // refuses kinds that it has no keys for
  return architecture;
}

ModelConfig read_gguf_config(const GgufFile& file, const GgufArchitecture& architecture) {
  const auto& path = file.path();
  check_keys(file, architecture.name);
  const auto key = [&](std::string_view name) {
    return fmt::format("{}.{}", architecture.name, name);
  };
  const auto integer = [&](std::string_view name) { return file.integer(key(name)); };
  const auto integer_or = [&](std::string_view name, std::int64_t otherwise) {
    return file.has(key(name)) ? integer(name) : otherwise;
  };
  const auto vocabulary = [&] {
    if (file.has(key("vocab_size"))) return integer("vocab_size");
    return static_cast<std::int64_t>(file.texts("tokenizer.ggml.tokens").size());
  };
  const auto has_tensor = [&](std::string_view name) {
    return std::ranges::find(file.tensors(), name, &TensorRecord::name) != file.tensors().end();
  };
  try {
    auto config = ModelConfig{.dim = integer("embedding_length"),
                              .n_layers = integer("block_count"),
                              .n_heads = integer("attention.head_count"),
                              .n_kv_heads = integer_or("attention.head_count_kv", 0),
                              .head_dim = integer_or("attention.key_length", 0),
                              .hidden_dim = integer("feed_forward_length"),
                              .vocab_size = vocabulary(),
                              .max_seq_len = integer("context_length"),
                              .norm_eps = file.number(key("attention.layer_norm_rms_epsilon")),
                              .rope_theta = file.has(key("rope.freq_base"))
                                                ? file.number(key("rope.freq_base"))
                                                : 10000.0,
                              .norm = NormKind::rmsnorm,
                              .qkv_bias = has_tensor("blk.0.attn_q.bias"),
                              .output_bias = has_tensor("blk.0.attn_output.bias"),
                              .qk_norm = architecture.qk_norm};
    if (config.head_dim == 0 && file.has(key("attention.key_length"))) {
      throw FileError(
          path, fmt::format("{} is 0, must be even and at least 2", key("attention.key_length")));
    }
    config = config.resolved();
    for (const auto* name : {"rope.dimension_count", "attention.value_length"}) {
      if (const auto size = integer_or(name, config.head_dim); size != config.head_dim) {
        throw FileError(path, fmt::format("{} is {}, must be the width {} of a head", key(name),
                                          size, config.head_dim));
      }
    }
    if (const auto window = integer_or("attention.sliding_window", 0);
        window != 0 && window < config.max_seq_len) {
      throw FileError(
          path, fmt::format("{} is {}, shorter than the context of {}, which is not "
                            "supported",
                            quote(key("attention.sliding_window")), window, config.max_seq_len));
    }
    if (has_tensor(kGgufDivisors) && !architecture.has_divisors) {
      throw FileError(path, fmt::format("scales its rotary positions ({}), which no {} does",
                                        kGgufDivisors, architecture.name));
    }
    config.rope_scaling = read_gguf_rotary(file, architecture.name, config);
    return config.resolved();
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
}

std::vector<std::pair<std::string, GgufValue>> gguf_metadata(const ModelConfig& config,
                                                             const GgufArchitecture& architecture,
                                                             std::uint32_t file_type) {
  const auto key = [&](std::string_view name) {
    return fmt::format("{}.{}", architecture.name, name);
  };
  const auto number = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
  std::vector<std::pair<std::string, GgufValue>> entries = {
      {"general.architecture", std::string(architecture.name)},
      {"general.alignment", std::uint32_t{32}},
      {"general.file_type", file_type},
      {"general.quantization_version", std::uint32_t{2}},
      {key("vocab_size"), number(config.vocab_size)},
      {key("context_length"), number(config.max_seq_len)},
      {key("embedding_length"), number(config.dim)},
      {key("block_count"), number(config.n_layers)},
      {key("feed_forward_length"), number(config.hidden_dim)},
      {key("attention.head_count"), number(config.n_heads)},
      {key("attention.head_count_kv"), number(config.n_kv_heads)},
      {key("attention.layer_norm_rms_epsilon"), static_cast<float>(config.norm_eps)},
      {key("rope.dimension_count"), number(config.head_dim)},
      {key("rope.freq_base"), static_cast<float>(config.rope_theta)}};
  if (config.query_dim() != config.dim || architecture.qk_norm) {
    entries.emplace_back(key("attention.key_length"), number(config.head_dim));
    entries.emplace_back(key("attention.value_length"), number(config.head_dim));
  }
  for (auto& entry : gguf_rotary_metadata(config, architecture.name)) {
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace minillama
