#pragma once

#include <utility>
#include <vector>

#include "minillama/io/gguf.h"
#include "minillama/io/sentencepiece_model.h"

namespace minillama {

/// The tokenizer that a GGUF file carries, of the kind "llama": the pieces, scores and types of a
/// sentencepiece BPE model with byte fallback. Throws FileError naming the key if it carries none,
/// another kind, or one that cannot be used.
SentencePieceModel read_gguf_tokenizer(const GgufFile& file);

/// The metadata from which read_gguf_tokenizer() makes `model` again. Throws OptionError if it is
/// none of that kind: not BPE, with rules of normalization, or with other settings.
std::vector<std::pair<std::string, GgufValue>> gguf_tokenizer(const SentencePieceModel& model);

}  // namespace minillama
