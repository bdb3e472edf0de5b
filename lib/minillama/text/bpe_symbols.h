#pragma once

// Not part of the public interface.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/io/bpe_record.h"
#include "minillama/io/piece_ids.h"

namespace minillama {

/// What begins the merging of a word: each of its bytes or characters as an id. Immutable.
class BpeSymbols {
 public:
  explicit BpeSymbols(const BpeRecord& record);

  /// The piece that is all of `word`, or -1.
  std::int32_t find(std::string_view word) const { return ids_.find(word); }

  /// Replaces `ids` by those of the symbols of `word`.
  void split(std::string_view word, std::vector<std::int32_t>& ids) const;

 private:
  std::int32_t byte_id(char byte) const { return byte_ids_[static_cast<unsigned char>(byte)]; }

  /// Adds the bytes of a character, if there are pieces for all of them.
  bool add_bytes(std::string_view symbol, std::vector<std::int32_t>& ids) const;

  std::vector<std::string> texts_;
  PieceIds ids_;
  bool is_bytes_;
  bool has_fallback_;
  bool fuses_;
  std::int32_t unknown_;
  std::array<std::int32_t, 256> byte_ids_;  // -1: none
};

}  // namespace minillama
