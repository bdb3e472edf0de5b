#include "minillama/io/hugging_face_config.h"

#include <string>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/hugging_face_architectures.h"
#include "minillama/io/hugging_face_rotary.h"
#include "minillama/io/known_fields.h"

namespace minillama {
namespace {

/// Those of transformers' configs of the architectures (io/hugging_face_architectures.h) and of
/// what they are made of (PretrainedConfig). The generation settings that older versions wrote
/// among them are what a caller may choose.
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
             "layer_types",
             "attention_bias",
             "use_sliding_window",
             "sliding_window",
             "pad_token_id",  // these five only of a classifier
             "id2label",
             "label2id",
             "num_labels",
             "problem_type",
             kOurField},
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
                 "max_window_layers",  // of layers that look back over a window, which none does
                 "sep_token_id",
                 "unk_token_id",
                 "mask_token_id",
                 "cls_token_id",
                 "decoder_start_token_id",
                 "tokenizer_class",
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
    .neutral = {{"mlp_bias", "false"},
                {"rope_interleaved", "false"},
                {"partial_rotary_factor", "1.0"},
                {"use_mrope", "false"},
                {"use_bfloat16", "false"},
                {"chunk_size_feed_forward", "0"},
                {"pruned_heads", "{}"},
                {"is_encoder_decoder", "false"},
                {"add_cross_attention", "false"},
                {"tie_encoder_decoder", "false"}}};

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

/// Refuses a model with another head than that of a language model or a classifier.
void refuse_other_class(const JsonObject& fields, const Architecture& architecture,
                        const std::filesystem::path& path) {
  if (!fields.has("architectures")) return;
  const auto names = fields.strings("architectures");
  for (const auto& name : names) {
    const bool is_old = architecture.model_type == "llama" && name == "LLaMAForCausalLM";
    if (name == architecture.class_name || is_old) continue;
    if (name == architecture.classifier_name && names.size() == 1) continue;
    throw FileError(
        path, fmt::format("field \"architectures\" names {}; a language model, "
                          "\"{}\", or a classifier, \"{}\", is what is read",
                          quote(name), architecture.class_name, architecture.classifier_name));
  }
}

/// Refuses layers that look back over a window which is shorter than the context. One that is not
/// hides nothing.
void refuse_windows(const JsonObject& fields, const Architecture& architecture,
                    const ModelConfig& config, const std::filesystem::path& path) {
  using Window = Architecture::Window;
  const bool is_used = fields.has("use_sliding_window") && fields.boolean("use_sliding_window");
  bool has_window = architecture.window == Window::always;
  if (architecture.window == Window::if_used) has_window = is_used;
  if (architecture.window == Window::none && is_used) {
    throw FileError(path, "field \"use_sliding_window\" is true, which is not supported");
  }
  bool slides = false;
  if (fields.has("layer_types")) {
    for (const auto& type : fields.strings("layer_types")) {
      if (type == "full_attention") continue;
      slides = type == "sliding_attention" && architecture.window != Window::none;
      if (slides) continue;
      throw FileError(
          path, fmt::format("field \"layer_types\" names {}, which is not supported", quote(type)));
    }
  }
  if (!has_window && !slides) return;
  if (fields.is_null("sliding_window") && !slides) return;
  const auto window =
      fields.has("sliding_window") ? fields.integer("sliding_window") : architecture.sliding_window;
  if (window >= config.max_seq_len) return;
  throw FileError(path, fmt::format("field \"sliding_window\" is {}, shorter than the context of "
                                    "{}, which is not supported",
                                    window, config.max_seq_len));
}

/// Refuses another activation.
void refuse_activation(const JsonObject& fields, const std::filesystem::path& path) {
  if (!fields.has("hidden_act")) return;
  const auto activation = fields.string("hidden_act");
  if (activation == "silu" || activation == "swish") return;
  throw FileError(
      path, fmt::format("field \"hidden_act\" is {}, which is not supported", quote(activation)));
}

}  // namespace

bool is_hugging_face(const Json& json) {
  if (!json.is_object()) return false;
  const auto type = json.value("model_type", Json());
  return type.is_string() && find_architecture(type.get<std::string>()) != nullptr;
}

ModelConfig read_hugging_face_config(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  refuse_quantized(fields, path);
  const auto* architecture = find_architecture(fields.string("model_type"));
  if (architecture == nullptr) {
    throw FileError(path, fmt::format("field \"model_type\" is {}, which is not supported",
                                      quote(fields.string("model_type"))));
  }
  refuse_other_class(fields, *architecture, path);
  check_fields(json, kFields, path);
  refuse_activation(fields, path);
  const bool attention_bias = fields.has("attention_bias") && fields.boolean("attention_bias");
  if (attention_bias && !architecture->has_attention_bias) {
    throw FileError(path, fmt::format("field \"attention_bias\" is true, which no {} has",
                                      architecture->model_type));
  }
  const auto head_dim = read_head_dim(fields, path);
  try {
    auto config =
        ModelConfig{
            .dim = fields.integer("hidden_size"),
            .n_layers = fields.integer("num_hidden_layers"),
            .n_heads = fields.integer("num_attention_heads"),
            .n_kv_heads = fields.has("num_key_value_heads") ? fields.integer("num_key_value_heads")
                          : fields.is_null("num_key_value_heads") ? 0
                                                                  : architecture->n_kv_heads,
            .head_dim = head_dim != 0 ? head_dim : architecture->head_dim,
            .hidden_dim = fields.integer("intermediate_size"),
            .vocab_size = fields.integer("vocab_size"),
            .max_seq_len = fields.integer("max_position_embeddings"),
            .norm_eps = fields.has("rms_norm_eps") ? fields.number("rms_norm_eps") : 1e-6,
            .rope_theta = read_hugging_face_theta(json, path),
            .rope_scaling = read_hugging_face_rotary(json, path),
            .norm = NormKind::rmsnorm,
            .qkv_bias = architecture->qkv_bias(attention_bias),
            .output_bias = architecture->output_bias(attention_bias),
            .qk_norm = architecture->qk_norm}
            .resolved();
    refuse_windows(fields, *architecture, config, path);
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
