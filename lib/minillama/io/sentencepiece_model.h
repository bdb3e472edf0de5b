#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/io/bytes.h"

namespace minillama {

/// One entry of a sentencepiece vocabulary. The numbers are those of the file format.
struct SentencePiece {
  enum class Type { normal = 1, unknown, control, user_defined, unused, byte };

  std::string text;  ///< with U+2581 for a space
  float score = 0;
  Type type = Type::normal;
};

/// What a sentencepiece ModelProto says about encoding and decoding. Its defaults are the format's.
///
/// https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
struct SentencePieceModel {
  enum class Algorithm { unigram = 1, bpe, word, character };

  std::vector<SentencePiece> pieces;  ///< the index is the id

  Algorithm algorithm = Algorithm::unigram;
  bool byte_fallback = false;  ///< characters without a piece become BYTE pieces, not UNKNOWN
  bool treat_whitespace_as_suffix = false;
  std::int32_t unk_id = 0;
  std::int32_t bos_id = 1;  ///< -1: none; so for the next two
  std::int32_t eos_id = 2;
  std::int32_t pad_id = -1;
  std::string unk_piece = "<unk>";
  std::string bos_piece = "<s>";
  std::string eos_piece = "</s>";
  std::string pad_piece = "<pad>";
  std::string unk_surface = " \u2047 ";  ///< what UNKNOWN decodes to

  std::string normalizer;  ///< a name such as "nmt_nfkc" or "identity"; the rules are in charsmap
  std::string charsmap;    ///< see check_charsmap(); empty: characters stay as they are
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;

  /// The piece with that id. Throws OptionError if the vocabulary has none.
  const SentencePiece& piece(std::int64_t id) const;
};

/// Reads a serialized ModelProto and checks it with check_sentencepiece_model(). Throws FileError
/// naming `path` and the place.
SentencePieceModel parse_sentencepiece_model(Bytes bytes, const std::filesystem::path& path);

/// The ModelProto with these fields and no others.
std::string serialize(const SentencePieceModel& model);

/// The byte that a piece "<0x00>" to "<0xFF>" stands for, -1 if it is no such piece.
int byte_value(std::string_view piece);

}  // namespace minillama
