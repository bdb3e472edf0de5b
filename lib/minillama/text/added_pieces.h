#pragma once

// Not part of the public interface.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/io/bpe_record.h"
#include "minillama/text/pattern.h"

namespace minillama {

/// A stretch of a text: an added piece, or what is in between.
struct AddedSpan {
  TextSpan span;
  std::int32_t id = -1;  ///< of the piece; -1: in between
};

/// Finds added pieces in a text. Immutable.
class AddedPieces {
 public:
  /// `texts`: what is looked for, for each of `pieces`.
  AddedPieces(std::vector<AddedPiece> pieces, std::vector<std::string> texts);

  bool empty() const { return entries_.empty(); }

  /// Appends the stretches of `text` from the left; of the pieces that begin at a place, the
  /// longest is found. Takes as long as the text has bytes, times the bytes of the longest piece.
  void find(std::string_view text, std::vector<AddedSpan>& spans) const;

 private:
  struct Entry {
    std::string text;
    AddedPiece piece;
  };

  const Entry* longest_at(std::string_view text) const;

  std::vector<Entry> entries_;               // by text
  std::array<std::uint32_t, 257> begins_{};  // of the entries by their first byte, and their end
};

}  // namespace minillama
