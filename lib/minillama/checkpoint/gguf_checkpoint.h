#pragma once

#include "minillama/checkpoint/stored_model.h"
#include "minillama/text/tokenizer.h"
#include "minillama/weights/weight_format.h"

namespace minillama {

/// A GGUF file of one of the architectures in checkpoint/gguf_config.cpp (io/gguf.h) with tensors
/// of the types that io/ggml_type.h reads. The queries and keys of "llama" are in Meta's order, as
/// ours are: llama.cpp's converter puts those of Hugging Face into it. Throws FileError naming the
/// key if it is of another architecture or says what is not known.
StoredModel open_gguf_checkpoint(const std::filesystem::path& path);

/// Writes such a file with the tokenizer within. One-dimensional tensors become float32, as
/// llama.cpp wants them. Throws OptionError if a GGUF Llama cannot be like `model` (LayerNorm, full
/// attention, rotary positions scaled dynamically) or hold the tokenizer, before anything is
/// written; IoError.
///
/// @param format of the matrices; those whose rows are no multiple of its block stay as they are
void write_gguf_checkpoint(const std::filesystem::path& path, const StoredModel& model,
                           const Tokenizer& tokenizer, const WeightFormat& format);

}  // namespace minillama
