#include "minillama/io/hugging_face_config.h"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/known_fields.h"

namespace minillama {
namespace {

/// Those of transformers' LlamaConfig and of what it is made of (PretrainedConfig). The generation
/// settings that older versions wrote among them are what a caller may choose.
const KnownFields kFields = {
    .used = {"model_type",
             "hidden_size",
             "num_hidden_layers",
             "num_attention_heads",
             "num_key_value_heads",
             "intermediate_size",
             "vocab_size",
             "max_position_embeddings",
             "rms_norm_eps",
             "rope_theta",
             "rope_parameters",
             "rope_scaling",
             "head_dim",
             "tie_word_embeddings",
             "bos_token_id",
             "eos_token_id",
             "hidden_act",
             "quantization_config",
             "architectures",
             "layer_types"},
    .harmless = {"_name_or_path",
                 "name_or_path",
                 "_attn_implementation",
                 "_attn_implementation_autoset",
                 "_flash_attn_2_enabled",
                 "attention_dropout",  // acts in training only, where the trainer chooses it
                 "torch_dtype",
                 "dtype",
                 "transformers_version",
                 "transformers_weights",
                 "transformers.js_config",
                 "unsloth_version",
                 "unsloth_fixed",
                 "use_cache",
                 "initializer_range",
                 "pretraining_tp",
                 "is_llama_config",
                 "pad_token_id",
                 "sep_token_id",
                 "unk_token_id",
                 "mask_token_id",
                 "cls_token_id",
                 "decoder_start_token_id",
                 "tokenizer_class",
                 "id2label",
                 "label2id",
                 "num_labels",
                 "problem_type",
                 "finetuning_task",
                 "task_specific_params",
                 "output_attentions",
                 "output_hidden_states",
                 "return_dict",
                 "use_return_dict",
                 "tf_legacy_loss",
                 "output_past",
                 "is_composition",
                 "torchscript",
                 "gradient_checkpointing",
                 "is_decoder",
                 "prefix",
                 "max_length",
                 "min_length",
                 "do_sample",
                 "early_stopping",
                 "num_beams",
                 "num_beam_groups",
                 "diversity_penalty",
                 "temperature",
                 "top_k",
                 "top_p",
                 "typical_p",
                 "repetition_penalty",
                 "length_penalty",
                 "no_repeat_ngram_size",
                 "encoder_no_repeat_ngram_size",
                 "bad_words_ids",
                 "num_return_sequences",
                 "output_scores",
                 "return_dict_in_generate",
                 "forced_bos_token_id",
                 "forced_eos_token_id",
                 "remove_invalid_values",
                 "exponential_decay_length_penalty",
                 "suppress_tokens",
                 "begin_suppress_tokens"},
    .neutral = {{"attention_bias", "false"},
                {"mlp_bias", "false"},
                {"rope_interleaved", "false"},
                {"partial_rotary_factor", "1.0"},
                {"use_sliding_window", "false"},
                {"use_bfloat16", "false"},
                {"chunk_size_feed_forward", "0"},
                {"pruned_heads", "{}"},
                {"is_encoder_decoder", "false"},
                {"add_cross_attention", "false"},
                {"tie_encoder_decoder", "false"}}};

/// Of rope_scaling and rope_parameters.
const KnownFields kRotaryFields = {.used = {"rope_theta", "rope_type", "type"},
                                   .harmless = {"original_max_position_embeddings"},
                                   .neutral = {{"factor", "1.0"},
                                               {"factor", "1"},
                                               {"partial_rotary_factor", "1.0"},
                                               {"attention_factor", "1.0"}}};

/// Says first of all that weights are packed: everything else about them would seem broken.
void refuse_quantized(const JsonObject& fields, const std::filesystem::path& path) {
  if (!fields.has("quantization_config")) return;
  const auto quantization = fields.object("quantization_config");
  throw FileError(path, fmt::format("is quantized with {}, which is not supported: take the model "
                                    "that it was made from",
                                    quantization.has("quant_method")
                                        ? quote(quantization.string("quant_method"))
                                        : "an unnamed method"));
}

/// Refuses a model with another head than that of a language model.
void refuse_architecture(const JsonObject& fields, const std::filesystem::path& path) {
  if (!fields.has("architectures")) return;
  for (const auto& architecture : fields.strings("architectures")) {
    if (architecture == "LlamaForCausalLM" || architecture == "LLaMAForCausalLM") continue;
    throw FileError(path, fmt::format("field \"architectures\" names {}; a language model, "
                                      "\"LlamaForCausalLM\", is what is read",
                                      quote(architecture)));
  }
}

/// Refuses layers that look back over a window only.
void refuse_layer_types(const JsonObject& fields, const std::filesystem::path& path) {
  if (!fields.has("layer_types")) return;
  for (const auto& type : fields.strings("layer_types")) {
    if (type == "full_attention") continue;
    throw FileError(
        path, fmt::format("field \"layer_types\" names {}, which is not supported", quote(type)));
  }
}

/// Refuses what would make the model compute something else than a Llama does here.
void refuse_variants(const Json& json, const ModelConfig& config,
                     const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  const auto refuse = [&](std::string_view field, std::string_view value) {
    throw FileError(path, fmt::format("field \"{}\" is {}, which is not supported", field, value));
  };
  const auto activation = fields.has("hidden_act") ? fields.string("hidden_act") : "silu";
  if (activation != "silu" && activation != "swish") {
    refuse("hidden_act", quote(fields.string("hidden_act")));
  }
  if (fields.has("head_dim") && fields.integer("head_dim") != config.head_dim()) {
    refuse("head_dim", fmt::format("{}, and not hidden_size / num_attention_heads = {}",
                                   fields.integer("head_dim"), config.head_dim()));
  }
  for (const auto* rope : {"rope_scaling", "rope_parameters"}) {
    if (!fields.has(rope)) continue;
    const auto parameters = fields.object(rope);
    for (const auto* kind : {"rope_type", "type"}) {
      if (parameters.has(kind) && parameters.string(kind) != "default") {
        refuse(fmt::format("{}.{}", rope, kind), quote(parameters.string(kind)));
      }
    }
    check_fields(json.at(rope), kRotaryFields, path, fmt::format("{}.", rope));
  }
}

/// Older versions of transformers write rope_theta, newer ones rope_parameters.rope_theta. Where
/// several are there they must agree.
double rope_theta(const JsonObject& fields, const std::filesystem::path& path) {
  std::optional<double> theta;
  std::string first;
  const auto read = [&](const JsonObject& object, const std::string& name) {
    if (!object.has("rope_theta")) return;
    const double value = object.number("rope_theta");
    if (theta.value_or(value) != value) {
      throw FileError(
          path, fmt::format("field \"{}\" is {}, but \"{}\" is {}", name, value, first, *theta));
    }
    if (!theta) first = name;
    theta = value;
  };
  read(fields, "rope_theta");
  for (const std::string inside : {"rope_scaling", "rope_parameters"}) {
    if (fields.has(inside)) read(fields.object(inside), inside + ".rope_theta");
  }
  return theta.value_or(10000.0);
}

}  // namespace

bool is_hugging_face(const Json& json) {
  return json.is_object() && json.value("model_type", Json()) == "llama";
}

ModelConfig read_hugging_face_config(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  refuse_quantized(fields, path);
  refuse_architecture(fields, path);
  refuse_layer_types(fields, path);
  check_fields(json, kFields, path);
  try {
    const auto config =
        ModelConfig{.dim = fields.integer("hidden_size"),
                    .n_layers = fields.integer("num_hidden_layers"),
                    .n_heads = fields.integer("num_attention_heads"),
                    .n_kv_heads = fields.has("num_key_value_heads")
                                      ? fields.integer("num_key_value_heads")
                                      : 0,
                    .hidden_dim = fields.integer("intermediate_size"),
                    .vocab_size = fields.integer("vocab_size"),
                    .max_seq_len = fields.integer("max_position_embeddings"),
                    .norm_eps = fields.has("rms_norm_eps") ? fields.number("rms_norm_eps") : 1e-6,
                    .rope_theta = rope_theta(fields, path),
                    .norm = NormKind::rmsnorm}
            .resolved();
    refuse_variants(json, config, path);
    return config;
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
}

std::map<std::string, std::string> read_hugging_face_index(const Json& json,
                                                           const std::filesystem::path& path) {
  JsonObject(json, path).object("weight_map");  // is one
  std::map<std::string, std::string> files;
  for (const auto& [tensor, shard] : json.at("weight_map").items()) {
    const std::string name = shard.is_string() ? shard.get<std::string>() : "";
    if (name.empty() || name.find('/') != std::string::npos) {
      throw FileError(
          path, fmt::format("weight_map: {} is no name of a file in this directory", shown(shard)));
    }
    files.emplace(tensor, name);
  }
  return files;
}

}  // namespace minillama
