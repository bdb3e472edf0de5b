#pragma once

// Not part of the public interface.

#include <cstdint>
#include <filesystem>

#include "minillama/core/json.h"

namespace minillama {

/// What the adapter_config.json of Hugging Face's PEFT says of a low-rank adapter.
struct PeftConfig {
  std::int64_t rank = 0;  ///< "r"
  double alpha = 0;       ///< "lora_alpha"
  double dropout = 0;     ///< "lora_dropout"
};

/// Reads an adapter_config.json. Throws FileError naming `path`, also if the adapter computes
/// something else than (alpha / r) B A x.
PeftConfig read_peft_config(const Json& json, const std::filesystem::path& path);

}  // namespace minillama
