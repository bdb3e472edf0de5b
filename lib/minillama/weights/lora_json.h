#pragma once

// Not part of the public interface: how the fields of LoRA and of its variants are written down.

#include <filesystem>

#include "minillama/core/json.h"
#include "minillama/weights/lora_options.h"
#include "minillama/weights/peft_linears.h"

namespace minillama {

/// All fields as minillama's own config.json has them, and the way back. A file of before there was
/// a field lacks it.
Json lora_to_json(const LoraOptions& options);
LoraOptions read_lora(const Json& json, const std::filesystem::path& path);

/// As AdapterKind::to_peft() and read_peft() of PEFT's LoraConfig without a variant.
Json lora_to_peft(const LoraOptions& options, PeftLinears linears);
LoraOptions read_peft_lora(const Json& json, PeftLinears linears,
                           const std::filesystem::path& path);

}  // namespace minillama
