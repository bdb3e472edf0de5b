#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "minillama/io/bytes.h"
#include "minillama/io/sentencepiece_model.h"

namespace minillama {

/// Reads the tokenizer.bin of llama2.c: a uint32, the longest piece's length, then for each piece a
/// float score, a uint32 length and its bytes, to the end of the file.
///
/// It holds the pieces of a Llama tokenizer with spaces in place of U+2581 and nothing else, so the
/// rest is Llama's: BPE with byte fallback, id 0 UNKNOWN, 1 `<s>`, 2 `</s>`, 3 to 258 the bytes, no
/// normalization but a space in front. Throws FileError naming `path` and the place.
SentencePieceModel parse_llama2c_tokenizer(Bytes bytes, const std::filesystem::path& path);

/// The tokenizer.bin of `model`, if it is Llama's kind of tokenizer: BPE with byte fallback, ids 0
/// UNKNOWN, 1 BOS, 2 EOS, 3 to 258 the bytes, then plain pieces, no rules of normalization. (The
/// file cannot say whether repeated spaces are kept; llama2.c keeps them.)
std::optional<std::string> llama2c_tokenizer(const SentencePieceModel& model);

}  // namespace minillama
