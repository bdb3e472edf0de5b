#include "minillama/checkpoint/gguf_checkpoint.h"

#include <algorithm>
#include <array>
#include <deque>

#include <fmt/format.h>

#include "minillama/checkpoint/spelling.h"
#include "minillama/core/error.h"
#include "minillama/io/gguf.h"
#include "minillama/text/tokenizer_model.h"
#include "minillama/weights/weight_format.h"

namespace minillama {
namespace {

constexpr const char* kArchitecture = "llama";

/// Keys that the reader reads, here or in io/gguf_tokenizer.h and io/gguf_bpe.h; and those that say
/// nothing about what is computed. A name that ends with a dot stands for all that begin with it.
constexpr std::array kUsedKeys = {"general.architecture",
                                  "general.alignment",
                                  "general.type",
                                  "llama.vocab_size",
                                  "llama.context_length",
                                  "llama.embedding_length",
                                  "llama.block_count",
                                  "llama.feed_forward_length",
                                  "llama.attention.head_count",
                                  "llama.attention.head_count_kv",
                                  "llama.attention.layer_norm_rms_epsilon",
                                  "llama.attention.key_length",
                                  "llama.attention.value_length",
                                  "llama.rope.dimension_count",
                                  "llama.rope.freq_base",
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
                                      "llama.tensor_data_layout",
                                      "llama.rope.scaling.original_context_length",
                                      "llama.rope.scaling.finetuned",
                                      "llama.expert_used_count",
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
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kNeutralKeys{
    {{"llama.rope.scaling.factor", "1"},
     {"llama.rope.scaling.factor", "0"},
     {"llama.rope.scale_linear", "1"},
     {"llama.rope.scale_linear", "0"},
     {"llama.rope.scaling.attn_factor", "1"},
     {"llama.expert_count", "0"},
     {"llama.attention.causal", "true"},
     {"llama.attention.sliding_window", "0"},
     {"llama.attention.clamp_kqv", "0"},
     {"llama.attention.max_alibi_bias", "0"},
     {"llama.attention.scale", "0"},
     {"llama.logit_scale", "0"},
     {"llama.logit_scale", "1"},
     {"llama.residual_scale", "0"},
     {"llama.embedding_scale", "0"},
     {"llama.use_parallel_residual", "false"},
     {"tokenizer.ggml.add_eos_token", "false"},
     {"tokenizer.ggml.add_sep_token", "false"}}};

/// Whether the keys about a scaling of rotary positions say that there is none.
bool scales_nothing(const GgufFile& file) {
  constexpr const char* kType = "llama.rope.scaling.type";
  constexpr const char* kFactor = "llama.rope.scaling.factor";
  if (!file.has(kType)) return false;
  const auto type = file.text(kType);
  return type == "none" || (type == "linear" && file.has(kFactor) && file.number(kFactor) == 1);
}

/// Refuses a key that might change what the model computes.
void check_keys(const GgufFile& file) {
  const bool no_scaling = scales_nothing(file);
  for (const auto key : file.keys()) {
    const auto stands_for = [&](std::string_view name) {
      return name.ends_with('.') ? key.starts_with(name) : key == name;
    };
    if (std::ranges::any_of(kUsedKeys, stands_for) ||
        std::ranges::any_of(kHarmlessKeys, stands_for)) {
      continue;
    }
    if (no_scaling && (key == "llama.rope.scaling.type" || key == "llama.rope.scaling.factor")) {
      continue;
    }
    const auto shown = file.shown(key);
    const auto is_known = [&](const auto& neutral) { return neutral.first == key; };
    const auto is_neutral = [&](const auto& neutral) {
      return neutral.first == key && neutral.second == shown;
    };
    if (std::ranges::any_of(kNeutralKeys, is_neutral)) continue;
    const bool scales = key.starts_with("llama.rope.");
    throw FileError(
        file.path(),
        fmt::format("{}{} is {}, which is {}", scales ? "scales its rotary positions: " : "",
                    quote(key), shown.empty() ? "a list" : shown,
                    std::ranges::any_of(kNeutralKeys, is_known)
                        ? "not supported"
                        : "not known: it may change what the model computes"));
  }
}

ModelConfig read_config(const GgufFile& file) {
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
  if (const auto name = file.text("general.architecture"); name != kArchitecture) {
    throw FileError(path,
                    fmt::format("is of the architecture {}, only \"llama\" is read", quote(name)));
  }
  check_keys(file);
  const auto vocabulary = [&] {
    if (file.has("llama.vocab_size")) return file.integer("llama.vocab_size");
    return static_cast<std::int64_t>(file.texts("tokenizer.ggml.tokens").size());
  };
  const auto integer_or = [&](std::string_view key, std::int64_t otherwise) {
    return file.has(key) ? file.integer(key) : otherwise;
  };
  try {
    const auto config =
        ModelConfig{.dim = file.integer("llama.embedding_length"),
                    .n_layers = file.integer("llama.block_count"),
                    .n_heads = file.integer("llama.attention.head_count"),
                    .n_kv_heads = integer_or("llama.attention.head_count_kv", 0),
                    .hidden_dim = file.integer("llama.feed_forward_length"),
                    .vocab_size = vocabulary(),
                    .max_seq_len = file.integer("llama.context_length"),
                    .norm_eps = file.number("llama.attention.layer_norm_rms_epsilon"),
                    .rope_theta = file.has("llama.rope.freq_base")
                                      ? file.number("llama.rope.freq_base")
                                      : 10000.0,
                    .norm = NormKind::rmsnorm}
            .resolved();
    for (const auto* key : {"llama.rope.dimension_count", "llama.attention.key_length",
                            "llama.attention.value_length"}) {
      if (const auto size = integer_or(key, config.head_dim()); size != config.head_dim()) {
        throw FileError(path, fmt::format("{} is {}, must be the width {} of a head", key, size,
                                          config.head_dim()));
      }
    }
    return config;
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
}

std::vector<std::pair<std::string, GgufValue>> metadata(const ModelConfig& config,
                                                        std::uint32_t file_type) {
  const auto number = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
  return {{"general.architecture", kArchitecture},
          {"general.alignment", std::uint32_t{32}},
          {"general.file_type", file_type},
          {"general.quantization_version", std::uint32_t{2}},
          {"llama.vocab_size", number(config.vocab_size)},
          {"llama.context_length", number(config.max_seq_len)},
          {"llama.embedding_length", number(config.dim)},
          {"llama.block_count", number(config.n_layers)},
          {"llama.feed_forward_length", number(config.hidden_dim)},
          {"llama.attention.head_count", number(config.n_heads)},
          {"llama.attention.head_count_kv", number(config.n_kv_heads)},
          {"llama.attention.layer_norm_rms_epsilon", static_cast<float>(config.norm_eps)},
          {"llama.rope.dimension_count", number(config.head_dim())},
          {"llama.rope.freq_base", static_cast<float>(config.rope_theta)}};
}

/// The numbers of a record of any type, in `format`.
std::vector<std::byte> in_format(const TensorRecord& record, const WeightFormat& format) {
  const auto count = static_cast<std::size_t>(element_count(record));
  std::vector<float> numbers(count);
  to_floats(record, numbers.data());
  std::vector<std::byte> stored(storage_size(format.dtype, element_count(record)));
  format.from_floats(count, numbers.data(), stored.data());
  return stored;
}

}  // namespace

StoredModel open_gguf_checkpoint(const std::filesystem::path& path) {
  const auto file = std::make_shared<GgufFile>(path);
  StoredModel stored{.format = "GGUF",
                     .path = path,
                     .config = read_config(*file),
                     .tensors = file->tensors(),
                     .file = file};
  stored.config.tied_embeddings = true;
  for (TensorRecord& tensor : stored.tensors) {
    if (tensor.name == "rope_freqs.weight") {
      throw FileError(path, "scales its rotary positions (rope_freqs), which is not supported");
    }
    const auto name = from_spelling(kGguf, tensor.name);
    if (!name) {
      throw FileError(path, fmt::format("tensor {} is none of a Llama", quote(tensor.name)));
    }
    tensor.name = *name;
    if (tensor.name == "output.weight") stored.config.tied_embeddings = false;
  }
  return stored;
}

void write_gguf_checkpoint(const std::filesystem::path& path, const StoredModel& model,
                           const Tokenizer& tokenizer, const WeightFormat& format) {
  if (model.config.norm != NormKind::rmsnorm) {
    throw OptionError("a GGUF Llama has RMSNorm; this model has LayerNorm");
  }
  if (model.config.attention != AttentionKind::causal) {
    throw OptionError("a GGUF Llama is causal; this model's attention is full");
  }
  auto entries = metadata(model.config, format.file_type);
  auto vocabulary = tokenizer.model().gguf_entries(tokenizer.special_tokens());
  std::move(vocabulary.begin(), vocabulary.end(), std::back_inserter(entries));

  std::deque<std::vector<std::byte>> memory;
  std::vector<TensorRecord> tensors;
  for (TensorRecord tensor : model.tensors) {
    // llama.cpp wants norms as float32.
    const bool is_norm = tensor.shape.size() == 1;
    const auto* wanted = is_norm ? &weight_format(DType::float32)
                                 : fitting(format, static_cast<std::size_t>(tensor.shape.back()));
    if (wanted != nullptr && tensor.dtype != wanted->dtype) {
      tensor.data = memory.emplace_back(in_format(tensor, *wanted));
      tensor.dtype = wanted->dtype;
    }
    tensor.name = to_spelling(kGguf, tensor.name).value();
    tensors.push_back(std::move(tensor));
  }
  write_gguf(path, entries, tensors);
}

}  // namespace minillama
