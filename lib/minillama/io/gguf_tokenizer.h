#pragma once

#include <utility>
#include <vector>

#include "minillama/core/special_tokens.h"
#include "minillama/io/gguf.h"
#include "minillama/io/sentencepiece_model.h"

namespace minillama {

/// The tokenizer that a GGUF file carries, if its "tokenizer.ggml.model" is "llama": the pieces,
/// scores and types of a sentencepiece BPE model with byte fallback. Throws FileError naming the
/// key if something is missing, or it cannot be used.
SentencePieceModel read_gguf_tokenizer(const GgufFile& file);

/// What such a file says of special tokens: whether BOS stands in front, and the ids of EOS, of the
/// end of a turn (EOT) and of a message (EOM), whatever pieces they are. Throws FileError.
SpecialTokens read_gguf_special_tokens(const GgufFile& file);

/// The metadata from which both make the same again. Throws OptionError if the tokenizer is none of
/// that kind (not BPE, with rules of normalization, with other settings), or has more stop ids than
/// the format can name.
std::vector<std::pair<std::string, GgufValue>> gguf_tokenizer(const SentencePieceModel& model,
                                                              const SpecialTokens& special);

}  // namespace minillama
