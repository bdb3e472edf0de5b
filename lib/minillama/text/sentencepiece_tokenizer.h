#pragma once

// Not part of the public interface.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "minillama/io/bytes.h"
#include "minillama/io/gguf.h"
#include "minillama/text/text_file.h"
#include "minillama/text/tokenizer_model.h"

namespace minillama {

// Tokenizers as sentencepiece has them (Kudo and Richardson 2018,
// https://arxiv.org/abs/1808.06226). A text begins as a word does, with a space that need not be
// there: so it makes no difference whether a text that is encoded stands at the start, behind a
// space or behind other text.

/// Whether a file of that content is a sentencepiece model or a tokenizer.bin of llama2.c.
bool is_sentencepiece_tokenizer(std::string_view content);

/// Reads such a file. Throws FileError if it is broken, InputError if libsentencepiece cannot be
/// opened.
std::shared_ptr<const TokenizerModel> read_sentencepiece_tokenizer(
    Bytes bytes, const std::filesystem::path& path);

/// The same of a GGUF file whose tokenizer is of the kind "llama".
std::shared_ptr<const TokenizerModel> read_gguf_sentencepiece(const GgufMetadata& file);

/// Learns one from the lines of a text: see train_sentencepiece() (text/sentencepiece_library.h).
std::shared_ptr<const TokenizerModel> train_sentencepiece_tokenizer(const TextFile& text,
                                                                    std::int64_t vocab_size);

}  // namespace minillama
