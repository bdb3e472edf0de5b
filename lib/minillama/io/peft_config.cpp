#include "minillama/io/peft_config.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/known_fields.h"

namespace minillama {

namespace {

/// Those of PEFT's LoraConfig. Which linears have an adapter is seen from the tensors.
const KnownFields kFields = {
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

}  // namespace

PeftConfig read_peft_config(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  if (const auto type = fields.string("peft_type"); type != "LORA") {
    throw FileError(path, fmt::format("field \"peft_type\" is {}, must be \"LORA\"", quote(type)));
  }
  check_fields(json, kFields, path);
  return {.rank = fields.integer("r"),
          .alpha = fields.number("lora_alpha"),
          .dropout = fields.has("lora_dropout") ? fields.number("lora_dropout") : 0.0};
}

}  // namespace minillama
