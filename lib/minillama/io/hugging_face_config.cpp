#include "minillama/io/hugging_face_config.h"

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

/// Refuses what would make the model compute something else than a Llama does here.
void refuse_variants(const JsonObject& fields, const ModelConfig& config,
                     const std::filesystem::path& path) {
  const auto refuse = [&](std::string_view field, std::string_view value) {
    throw FileError(path, fmt::format("field \"{}\" is {}, which is not supported", field, value));
  };
  if (fields.has("hidden_act") && fields.string("hidden_act") != "silu") {
    refuse("hidden_act", quote(fields.string("hidden_act")));
  }
  for (const auto* bias : {"attention_bias", "mlp_bias"}) {
    if (fields.has(bias) && fields.boolean(bias)) refuse(bias, "true");
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
  }
}

/// Older versions of transformers write rope_theta, newer ones rope_parameters.rope_theta.
double rope_theta(const JsonObject& fields) {
  if (fields.has("rope_parameters") && fields.object("rope_parameters").has("rope_theta")) {
    return fields.object("rope_parameters").number("rope_theta");
  }
  return fields.has("rope_theta") ? fields.number("rope_theta") : 10000.0;
}

}  // namespace

bool is_hugging_face(const Json& json) {
  return json.is_object() && json.value("model_type", Json()) == "llama";
}

ModelConfig read_hugging_face_config(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
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
                    .rope_theta = rope_theta(fields),
                    .norm = NormKind::rmsnorm}
            .resolved();
    refuse_variants(fields, config, path);
    return config;
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
}

std::set<std::string> read_hugging_face_index(const Json& json, const std::filesystem::path& path) {
  JsonObject(json, path).object("weight_map");  // is one
  std::set<std::string> names;
  for (const auto& [tensor, shard] : json.at("weight_map").items()) {
    const std::string name = shard.is_string() ? shard.get<std::string>() : "";
    if (name.empty() || name.find('/') != std::string::npos) {
      throw FileError(path, fmt::format("weight_map: {} is no name of a file in this directory",
                                        quote(shard.dump())));
    }
    names.insert(name);
  }
  return names;
}

}  // namespace minillama
