#pragma once

#include <filesystem>

#include "minillama/model/llama.h"

namespace minillama {

/// Writes the active adapter of a Llama as llama.cpp reads it beside a GGUF file of the base
/// (`--lora`): for each linear the matrices "blk.0.attn_q.weight.lora_a" [rank, cols] and
/// "….lora_b" [rows, rank] as float32, and one "adapter.lora.alpha", of which llama.cpp adds
/// alpha / rank times the product. A linear whose scale is another one has what is missing in its
/// lora_b. The file appears whole or not at all.
///
/// Throws OptionError if there is no active adapter, it is none of low rank, or
/// GGUF has no architecture for the model; FileError if its numbers are not finite; IoError.
void write_gguf_adapter(const std::filesystem::path& path, Llama& llama);

}  // namespace minillama
