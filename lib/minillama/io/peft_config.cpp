#include "minillama/io/peft_config.h"

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

PeftConfig read_peft_config(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  if (const auto type = fields.string("peft_type"); type != "LORA") {
    throw FileError(path, fmt::format("field \"peft_type\" is {}, must be \"LORA\"", quote(type)));
  }
  for (const auto* field : {"use_rslora", "use_dora", "fan_in_fan_out", "lora_bias"}) {
    if (fields.has(field) && fields.boolean(field)) {
      throw FileError(path, fmt::format("field \"{}\" is true, which is not supported", field));
    }
  }
  if (fields.has("bias") && fields.string("bias") != "none") {
    throw FileError(path, fmt::format("field \"bias\" is {}, which is not supported",
                                      quote(fields.string("bias"))));
  }
  for (const auto* field : {"rank_pattern", "alpha_pattern"}) {
    if (fields.has(field) && !json.at(field).empty()) {
      throw FileError(path,
                      fmt::format("field \"{}\" is not empty, which is not supported", field));
    }
  }
  return {.rank = fields.integer("r"),
          .alpha = fields.number("lora_alpha"),
          .dropout = fields.has("lora_dropout") ? fields.number("lora_dropout") : 0.0};
}

}  // namespace minillama
