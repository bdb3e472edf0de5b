#pragma once

// Not part of the public interface: what the files beside a Hugging Face model say of its tokens.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "minillama/core/special_tokens.h"

namespace minillama {

/// A token that the tokenizer.model lacks.
struct AddedToken {
  std::int64_t id;
  std::string text;
  bool is_special;  ///< has no text of its own

  bool operator==(const AddedToken&) const = default;
};

/// What a directory says of its tokens.
struct HuggingFaceTokens {
  SpecialTokens special;
  std::optional<std::string> bos_piece;  ///< "bos_token" of tokenizer_config.json
  std::vector<AddedToken> added;         ///< by increasing id
};

/// Reads added_tokens.json, tokenizer_config.json, config.json and generation_config.json, as far
/// as they are there; what the last one says of EOS goes before config.json, as in transformers.
/// Throws FileError naming the file and the field.
HuggingFaceTokens read_hugging_face_tokens(const std::filesystem::path& directory);

}  // namespace minillama
