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

// Tokenizers by byte pairs as Hugging Face's tokenizers have them: those of bytes, as GPT-2's,
// Llama 3's, SmolLM2's and Qwen2's, and those of characters that have bytes for what is unknown, as
// Llama 2's. A text has the ids that the Python package gives with add_special_tokens=False: added
// and special tokens in it are recognised. A text behind a space is encoded with that space.
//
// Decoded are texts without special tokens, as there with skip_special_tokens=True, but that of
// several bytes of "<0x41>"'s kind those that are characters stay so where others among them are
// none.

/// Whether a file of that content is JSON and speaks of a vocabulary, as tokenizer.json does.
bool is_tokenizer_json(std::string_view content);

/// Reads such a file, and which tokens begin and end texts from tokenizer_config.json or
/// special_tokens_map.json beside it. Throws FileError if it is broken or of another kind.
std::shared_ptr<const TokenizerModel> read_bpe_tokenizer(Bytes bytes,
                                                         const std::filesystem::path& path);

/// The same of a GGUF file whose tokenizer is of the kind "gpt2".
std::shared_ptr<const TokenizerModel> read_gguf_bpe_tokenizer(const GgufMetadata& file);

/// One of bytes that is learned from the lines of a text: see train_byte_pairs()
/// (text/bpe_trainer.h).
std::shared_ptr<const TokenizerModel> train_bpe_tokenizer(const TextFile& text,
                                                          std::int64_t vocab_size);

}  // namespace minillama
