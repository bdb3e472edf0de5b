#include "minillama/weights/lora_json.h"

#include <type_traits>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/known_fields.h"

namespace minillama {
namespace {

/// Those of PEFT's LoraConfig. Which linears have an adapter is seen from the tensors.
const KnownFields kPeftFields = {
    .used = {"peft_type", "r", "lora_alpha", "lora_dropout", "use_rslora", "rank_pattern",
             "alpha_pattern", "base_model_name_or_path"},
    .harmless = {"task_type", "inference_mode", "target_modules", "exclude_modules",
                 "modules_to_save", "layers_to_transform", "layers_pattern", "revision",
                 "auto_mapping", "peft_version", "megatron_core", "qalora_group_size",
                 "eva_config"},
    // An adapter that began otherwise was trained beside a base of changed weights.
    .neutral = {{"init_lora_weights", "true"},
                {"init_lora_weights", "false"},
                {"init_lora_weights", R"("gaussian")"},
                {"init_lora_weights", R"("orthogonal")"},
                {"init_lora_weights", R"("eva")"},
                {"bias", R"("none")"},
                {"use_dora", "false"},
                {"use_qalora", "false"},
                {"fan_in_fan_out", "false"},
                {"lora_bias", "false"},
                {"ensure_weight_tying", "false"},
                {"loftq_config", "{}"},
                {"target_parameters", "[]"},
                {"runtime_config", R"({"ephemeral_gpu_offload":false})"}}};

/// A field that is a number in LoraOptions.
template <typename Number>
Number number(const JsonObject& fields, std::string_view key) {
  if constexpr (std::is_integral_v<Number>) {
    return fields.integer(key);
  } else {
    return fields.number(key);
  }
}

template <typename Number>
std::map<std::string, Number> numbers(const Json& json, std::string_view key,
                                      const std::filesystem::path& path) {
  std::map<std::string, Number> read;
  const JsonObject fields(json, path);
  if (!fields.has(key)) return read;
  const auto of_linears = fields.object(key);
  for (const auto& [name, unused] : json.at(std::string(key)).items()) {
    read.emplace(name, number<Number>(of_linears, name));
  }
  return read;
}

/// Reads a "rank_pattern" or "alpha_pattern".
template <typename Number>
std::map<std::string, Number> read_pattern(const Json& json, std::string_view key, Number otherwise,
                                           PeftLinears linears, const std::filesystem::path& path) {
  const auto values = numbers<Number>(json, key, path);
  if (values.empty()) return {};
  const PeftPatterns patterns(json.at(std::string(key)), path);
  std::map<std::string, Number> of_linears;
  for (const auto& [name, peft_name] : linears) {
    const auto pattern = patterns.find(peft_name);
    of_linears.emplace(name, pattern ? values.at(*pattern) : otherwise);
  }
  return by_shortest_name(of_linears, otherwise);
}

}  // namespace

Json lora_to_json(const LoraOptions& options) {
  // All of them: a field that is added does not compile before it is written.
  const auto& [rank, alpha, dropout, targets, rank_stabilized, ranks, alphas, init] = options;
  return {{"rank", rank},
          {"alpha", alpha},
          {"dropout", dropout},
          {"targets", targets},
          {"rank_stabilized", rank_stabilized},
          {"ranks", ranks},
          {"alphas", alphas},
          {"init", to_string(init)}};
}

LoraOptions read_lora(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  fields.allow_only(
      {"rank", "alpha", "dropout", "targets", "rank_stabilized", "ranks", "alphas", "init"});
  if (fields.has("init") && fields.string("init") != to_string(LoraInit::normal)) {
    throw FileError(path, fmt::format("field \"init\" is {}: such adapters are stored as others",
                                      quote(fields.string("init"))));
  }
  return {.rank = fields.integer("rank"),
          .alpha = fields.number("alpha"),
          .dropout = fields.number("dropout"),
          .targets = fields.strings("targets"),
          .rank_stabilized = fields.has("rank_stabilized") && fields.boolean("rank_stabilized"),
          .ranks = numbers<std::int64_t>(json, "ranks", path),
          .alphas = numbers<double>(json, "alphas", path)};
}

Json lora_to_peft(const LoraOptions& options, PeftLinears linears) {
  std::map<std::string, std::int64_t> ranks;
  std::map<std::string, double> alphas;
  for (const auto& [name, peft_name] : linears) {
    ranks.emplace(peft_name, options.rank_of(name));
    alphas.emplace(peft_name, options.alpha_of(name));
  }
  return {{"r", options.rank},
          {"lora_alpha", options.alpha},
          {"lora_dropout", options.dropout},
          {"target_modules", options.targets},
          {"use_rslora", options.rank_stabilized},
          {"rank_pattern", by_shortest_name(ranks, options.rank)},
          {"alpha_pattern", by_shortest_name(alphas, options.alpha)},
          {"bias", "none"},
          {"fan_in_fan_out", false},
          {"inference_mode", true},
          {"init_lora_weights", true}};
}

LoraOptions read_peft_lora(const Json& json, PeftLinears linears,
                           const std::filesystem::path& path) {
  check_fields(json, kPeftFields, path);
  const JsonObject fields(json, path);
  LoraOptions options{.rank = fields.integer("r"),
                      .alpha = fields.number("lora_alpha"),
                      .dropout = fields.has("lora_dropout") ? fields.number("lora_dropout") : 0.0,
                      .rank_stabilized = fields.has("use_rslora") && fields.boolean("use_rslora")};
  options.ranks = read_pattern(json, "rank_pattern", options.rank, linears, path);
  options.alphas = read_pattern(json, "alpha_pattern", options.alpha, linears, path);
  return options;
}

}  // namespace minillama
