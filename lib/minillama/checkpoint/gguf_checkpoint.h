#pragma once

#include "minillama/checkpoint/stored_model.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// A GGUF file of the architecture "llama" (io/gguf.h) with F32, F16, BF16 or Q8_0 tensors; those
/// of Q8_0 become float32. Its queries and keys are in Meta's order, as ours are: llama.cpp's
/// converter puts those of Hugging Face into it. Throws FileError naming the key if it is of
/// another architecture or scales its rotary positions.
StoredModel open_gguf_checkpoint(const std::filesystem::path& path);

/// Writes such a file with the tokenizer within. One-dimensional tensors become float32, as
/// llama.cpp wants them. Throws OptionError if a GGUF Llama cannot be like `model` (LayerNorm, full
/// attention) or hold the tokenizer, before anything is written; IoError.
///
/// @param q8_0 quantise the matrices whose rows are a multiple of 32; `model` is float32
void write_gguf_checkpoint(const std::filesystem::path& path, const StoredModel& model,
                           const Tokenizer& tokenizer, bool q8_0);

}  // namespace minillama
