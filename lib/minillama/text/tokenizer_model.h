#pragma once

// Not part of the public interface: what a kind of tokenizer is. Each is a file pair in text/ and a
// row of the table in text/tokenizer_kinds.cpp.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/core/special_tokens.h"
#include "minillama/io/gguf.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// The ids with a meaning of their own: -1 if there is none.
struct SpecialIds {
  std::int64_t bos = -1;
  std::int64_t eos = -1;
  std::int64_t unk = -1;
  std::int64_t pad = 0;  ///< in padded rows; always a piece
};

enum class PieceType {
  text,
  byte,    ///< one byte of a character
  control  ///< has no text
};

/// What a token adds to a text.
struct TokenText {
  std::string bytes;
  /// Whether these are whole characters of UTF-8, which end one that tokens before have begun. Else
  /// a character may begin and end in other tokens.
  bool is_whole;
};

/// The texts of tokens that come one after the other.
class TokenDecoder {
 public:
  virtual ~TokenDecoder() = default;

  /// What `id` adds to the text of those that came before. Throws OptionError if it lies outside
  /// the vocabulary, and is then as it was.
  virtual TokenText push(std::int64_t id) = 0;

  /// What U+FFFD stands for where bytes form no character: each byte, or as many as begin one,
  /// which is what Unicode recommends (Unicode Standard 3.9, "maximal subparts").
  virtual bool replaces_each_byte() const { return true; }
};

/// A vocabulary, and how text becomes its pieces. Immutable, so that threads and copies of a
/// Tokenizer share one.
class TokenizerModel {
 public:
  virtual ~TokenizerModel() = default;

  /// The ids of `text`, which is UTF-8 and not empty.
  virtual std::vector<std::int64_t> encode(std::string_view text, TextPlace place) const = 0;

  /// At the start of a text. This tokenizer must outlive it.
  virtual std::unique_ptr<TokenDecoder> decoder() const = 0;

  virtual std::int64_t vocab_size() const = 0;
  virtual SpecialIds special_ids() const = 0;

  /// What files() say of special tokens.
  virtual SpecialTokens special_tokens() const { return {}; }

  /// As the vocabulary spells it. Throw OptionError if the id lies outside the vocabulary.
  virtual const std::string& piece(std::int64_t id) const = 0;
  virtual PieceType type(std::int64_t id) const = 0;

  /// The same with one more piece: see Tokenizer::add_piece().
  virtual std::shared_ptr<const TokenizerModel> with_piece(const std::string& text,
                                                           bool is_special) const = 0;

  /// What a directory, minillama's or Hugging Face's, holds for this tokenizer. The file by which
  /// its kind is found (TokenizerKind::file) is among them.
  virtual const std::vector<TokenizerFile>& files() const = 0;

  /// The content of the tokenizer_config.json beside them in a directory of Hugging Face's.
  virtual std::string hugging_face_config(const SpecialTokens& special) const = 0;

  /// The metadata that GGUF files have of it. Throws OptionError if the format cannot express it.
  virtual std::vector<std::pair<std::string, GgufValue>> gguf_entries(
      const SpecialTokens& special) const = 0;

  /// The content of llama2.c's tokenizer.bin, if it can hold such a tokenizer.
  virtual std::optional<std::string> llama2c_tokenizer() const { return {}; }
};

}  // namespace minillama
