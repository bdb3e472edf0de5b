#pragma once

// Not part of the public interface.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "minillama/io/bytes.h"
#include "minillama/io/gguf.h"
#include "minillama/text/text_file.h"
#include "minillama/text/tokenizer_model.h"

namespace minillama {

/// A kind of tokenizer: how its files are known, and read.
struct TokenizerKind {
  std::string_view name;
  std::string_view file;        ///< its name in a directory, as "tokenizer.model"
  std::string_view formats;     ///< of files that are read, as messages list them behind "neither"
  std::string_view gguf_model;  ///< what a GGUF file says under "tokenizer.ggml.model"

  /// Whether a file of that content is one of its formats.
  bool (*recognises)(std::string_view content);
  /// Throw FileError if the file is broken.
  std::shared_ptr<const TokenizerModel> (*read)(Bytes bytes, const std::filesystem::path& path);
  std::shared_ptr<const TokenizerModel> (*read_gguf)(const GgufMetadata& file);
  /// Makes one of `vocab_size` pieces from a text; null if it is not made, but only read.
  std::shared_ptr<const TokenizerModel> (*train)(const TextFile& text,
                                                 std::int64_t vocab_size) = nullptr;
};

/// All kinds (text/tokenizer_kinds.cpp). A directory with files of several is taken for one of the
/// kind that comes first.
std::span<const TokenizerKind> tokenizer_kinds();

/// The kind of a file that is no GGUF. Throws FileError that says what the file is, if it is of
/// none.
const TokenizerKind& kind_of_file(std::string_view content, const std::filesystem::path& path);

/// The kind of the tokenizer within a GGUF file. Throws FileError if it holds none, or one of a
/// kind that is not read.
const TokenizerKind& kind_of_gguf(const GgufMetadata& file);

/// The kind of that name, of which tokenizers can be made. Throws OptionError listing the names.
const TokenizerKind& trained_kind(std::string_view name);

}  // namespace minillama
