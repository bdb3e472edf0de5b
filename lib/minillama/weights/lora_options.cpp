#include "minillama/weights/lora_options.h"

#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/known_fields.h"
#include "minillama/weights/adapter_kinds.h"

namespace minillama {
namespace {

/// Those of PEFT's LoraConfig. Which linears have an adapter is seen from the tensors.
const KnownFields kPeftFields = {
    .used = {"peft_type", "r", "lora_alpha", "lora_dropout", "base_model_name_or_path"},
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
                {"use_rslora", "false"},
                {"use_dora", "false"},
                {"use_qalora", "false"},
                {"fan_in_fan_out", "false"},
                {"lora_bias", "false"},
                {"ensure_weight_tying", "false"},
                {"rank_pattern", "{}"},
                {"alpha_pattern", "{}"},
                {"loftq_config", "{}"},
                {"target_parameters", "[]"},
                {"runtime_config", R"({"ephemeral_gpu_offload":false})"}}};

AdapterOptions defaults() {
  return LoraOptions();
}

Json to_json(const AdapterOptions& any) {
  // All of them: a field that is added does not compile before it is written.
  const auto& [rank, alpha, dropout, targets] = *any.as<LoraOptions>();
  return {{"rank", rank}, {"alpha", alpha}, {"dropout", dropout}, {"targets", targets}};
}

AdapterOptions read(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  fields.allow_only({"rank", "alpha", "dropout", "targets"});
  return LoraOptions{.rank = fields.integer("rank"),
                     .alpha = fields.number("alpha"),
                     .dropout = fields.number("dropout"),
                     .targets = fields.strings("targets")};
}

Json to_peft(const AdapterOptions& any) {
  const auto& options = *any.as<LoraOptions>();
  return {{"r", options.rank},
          {"lora_alpha", options.alpha},
          {"lora_dropout", options.dropout},
          {"target_modules", options.targets},
          {"bias", "none"},
          {"fan_in_fan_out", false},
          {"inference_mode", true},
          {"init_lora_weights", true}};
}

AdapterOptions read_peft(const Json& json, const std::filesystem::path& path) {
  check_fields(json, kPeftFields, path);
  const JsonObject fields(json, path);
  return LoraOptions{.rank = fields.integer("r"),
                     .alpha = fields.number("lora_alpha"),
                     .dropout = fields.has("lora_dropout") ? fields.number("lora_dropout") : 0.0};
}

}  // namespace

void LoraOptions::validate() const {
  constexpr std::int64_t kLargestRank = 65536;
  if (rank < 1 || rank > kLargestRank) {
    throw OptionError(
        fmt::format("lora: rank is {}, must lie between 1 and {}", rank, kLargestRank));
  }
  if (!std::isfinite(alpha)) throw OptionError(fmt::format("lora: alpha is {}", alpha));
  if (!(dropout >= 0 && dropout < 1)) {
    throw OptionError(fmt::format("lora: dropout is {}, must lie in [0, 1)", dropout));
  }
  if (targets.empty()) throw OptionError("lora: targets names no linear");
}

std::vector<AdapterTensor> LoraOptions::tensors() const {
  return {{.name = "lora_A", .peft_name = "lora_A.weight", .shape = {rank, kMatrixCols}},
          {.name = "lora_B", .peft_name = "lora_B.weight", .shape = {kMatrixRows, rank}}};
}

LowRank LoraOptions::low_rank(const AdapterFloats& floats) const {
  return {.a = floats("lora_A"),
          .b = floats("lora_B"),
          .rank = static_cast<std::size_t>(rank),
          .scale = static_cast<float>(scale())};
}

constinit const AdapterKind kLora = {.name = LoraOptions::kKind,
                                     .defaults = defaults,
                                     .to_json = to_json,
                                     .read = read,
                                     .peft_type = "LORA",
                                     .peft_flag = "",
                                     .to_peft = to_peft,
                                     .read_peft = read_peft};

}  // namespace minillama
