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
/// `adds_bos`: what is so where they do not say. Throws FileError naming the file and the field.
HuggingFaceTokens read_hugging_face_tokens(const std::filesystem::path& directory,
                                           bool adds_bos = true);

/// The texts of the tokens with a meaning of their own.
struct SpecialTokenNames {
  std::optional<std::string> bos;
  std::optional<std::string> eos;
  std::optional<std::string> unk;
  std::optional<std::string> pad;
};

/// What tokenizer_config.json says of them and, where it does not, special_tokens_map.json. Throws
/// FileError naming the file and the field.
SpecialTokenNames read_special_token_names(const std::filesystem::path& directory);

}  // namespace minillama
