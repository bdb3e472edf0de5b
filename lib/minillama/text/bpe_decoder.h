#pragma once

// Not part of the public interface.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/io/bpe_record.h"
#include "minillama/text/pattern.h"
#include "minillama/text/tokenizer_model.h"

namespace minillama {

/// How the pieces of a vocabulary become text. Immutable.
class BpePieceTexts {
 public:
  /// Throws FileError naming `path` if a pattern cannot be used.
  BpePieceTexts(BpeDecoding decoding, const std::filesystem::path& path);

  const BpeDecoding& decoding() const { return decoding_; }

  /// What `piece` adds to a text. `is_first`: no other one with a text came before it.
  TokenText text_of(std::string_view piece, bool is_first) const;

 private:
  BpeDecoding decoding_;
  std::vector<Pattern> patterns_;  // of decoding_.steps
};

/// Gives the pieces' texts one after the other, without what is removed in front of a text.
class BpePieceStream {
 public:
  /// `texts` must outlive it.
  explicit BpePieceStream(const BpePieceTexts& texts)
      : texts_(texts), strip_count_(texts.decoding().strip_count) {}

  TokenText push(std::string_view piece);

 private:
  const BpePieceTexts& texts_;
  bool is_first_ = true;
  std::size_t strip_count_;  // how many characters may still be removed
};

}  // namespace minillama
