#pragma once

#include <filesystem>
#include <span>

#include "minillama/core/model_config.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// The file in `directory` of which Tokenizer::load() makes a tokenizer: tokenizer.json, which goes
/// first as in transformers, or tokenizer.model. Empty if there is none.
std::filesystem::path tokenizer_file_in(const std::filesystem::path& directory);

/// Removes the tokenizers of other kinds than that of `files` from a directory. Throws IoError.
void remove_other_tokenizers(const std::filesystem::path& directory,
                             std::span<const TokenizerFile> files);

/// Writes a tokenizer's files() into a directory that is there. Throws IoError.
void write_tokenizer(const std::filesystem::path& directory, std::span<const TokenizerFile> files);

/// The tokenizer of a model: `tokenizer` if it is given, else the one within a GGUF file, else the
/// tokenizer_file_in() its directory, or llama2.c's tokenizer.bin there (of an adapter without one,
/// its base's). Throws FileError if there is none, or if the model is for a vocabulary
/// of another size; more rows in the model, up to a multiple of a power of two (at most 1024), are
/// padding, and never chosen.
///
/// @param base of an adapter: its base, where that is known already
Tokenizer read_tokenizer_for(const std::filesystem::path& model, const ModelConfig& config,
                             const std::filesystem::path& tokenizer = {},
                             const std::filesystem::path& base = {});

}  // namespace minillama
