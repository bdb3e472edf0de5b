#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/core/special_tokens.h"
#include "minillama/io/gguf.h"
#include "minillama/io/sentencepiece_model.h"

namespace minillama {

/// The tokenizer that a GGUF file carries, if its "tokenizer.ggml.model" is "llama": the pieces,
/// scores and types of a sentencepiece BPE model with byte fallback. Throws FileError naming the
/// key if something is missing, or it cannot be used.
SentencePieceModel read_gguf_tokenizer(const GgufMetadata& file);

/// What a file says of special tokens, whatever the kind of its tokenizer: whether BOS stands in
/// front (`adds_bos` if it does not say), and the ids of EOS, of the end of a turn (EOT) and of a
/// message (EOM), whatever pieces they are. Throws FileError.
SpecialTokens read_gguf_special_tokens(const GgufMetadata& file, bool adds_bos = true);

/// An id that the file names, -1 if it names none. Throws FileError if it is not below `n_pieces`.
std::int64_t gguf_token_id(const GgufMetadata& file, std::string_view key, std::size_t n_pieces);

/// Adds the keys that say whether BOS stands in front, and name `ends`, in order, as EOS, EOT and
/// EOM. Throws OptionError if there are more.
void add_gguf_special_tokens(bool add_bos, const std::vector<std::int64_t>& ends,
                             std::vector<std::pair<std::string, GgufValue>>& entries);

/// The metadata from which both make the same again. Throws OptionError if the tokenizer is none of
/// that kind (not BPE, with rules of normalization, with other settings), or has more stop ids than
/// the format can name.
std::vector<std::pair<std::string, GgufValue>> gguf_tokenizer(const SentencePieceModel& model,
                                                              const SpecialTokens& special);

}  // namespace minillama
