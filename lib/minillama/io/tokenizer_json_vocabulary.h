#pragma once

// Not part of the public interface.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "minillama/core/json.h"
#include "minillama/io/bytes.h"

namespace minillama {

/// The vocabulary and the merges of a tokenizer.json, as they stand in the file.
struct StoredVocabulary {
  std::vector<std::pair<std::string, std::int64_t>> pieces;
  std::vector<std::pair<std::string, std::string>> merges;
};

/// Parses a tokenizer.json. What stands in model.vocab and model.merges goes to `vocabulary` in
/// place of the result: it is nearly all of the file, and JSON's objects are slow with so many
/// fields. Throws FileError if it is no JSON, a token has no id or a merge is none of two tokens.
Json parse_tokenizer_json(Bytes bytes, const std::filesystem::path& path,
                          StoredVocabulary& vocabulary);

}  // namespace minillama
