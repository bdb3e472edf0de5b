#include "minillama/text/bpe_symbols.h"

#include <algorithm>

#include "minillama/core/utf8.h"
#include "minillama/io/sentencepiece_model.h"
#include "minillama/text/byte_alphabet.h"

namespace minillama {
namespace {

/// The pieces as the words of a text are: spelled in bytes. Those that only added tokens have are
/// empty, and of bytes all whose words are always merged.
std::vector<std::string> words(const BpeRecord& record) {
  if (record.byte_level && !record.ignore_merges) return {};
  auto pieces = record.pieces;
  for (const auto& added : record.added) {
    if (!added.is_mergeable) pieces[static_cast<std::size_t>(added.id)].clear();
  }
  if (record.byte_level) {
    for (auto& piece : pieces) piece = spelled_bytes(piece);
  }
  return pieces;
}

}  // namespace

BpeSymbols::BpeSymbols(const BpeRecord& record)
    : texts_(words(record)),
      ids_(texts_),
      is_bytes_(record.byte_level),
      has_fallback_(record.byte_fallback),
      fuses_(record.fuse_unknown),
      unknown_(record.drops_unknown ? -1 : static_cast<std::int32_t>(record.unknown)) {
  byte_ids_.fill(-1);
  for (std::size_t id = 0; id < record.pieces.size(); ++id) {
    const auto& piece = record.pieces[id];
    const int byte = is_bytes_ ? spelled_byte(piece) : byte_value(piece);
    if (byte >= 0) byte_ids_[static_cast<std::size_t>(byte)] = static_cast<std::int32_t>(id);
  }
  for (const auto& added : record.added) {
    if (!added.is_mergeable) std::ranges::replace(byte_ids_, added.id, -1);
  }
}

void BpeSymbols::split(std::string_view word, std::vector<std::int32_t>& ids) const {
  ids.clear();
  bool was_unknown = false;
  const auto end_unknown = [&] {
    if (was_unknown && unknown_ >= 0) ids.push_back(unknown_);
    was_unknown = false;
  };
  while (!word.empty()) {
    const auto symbol = word.substr(0, is_bytes_ ? 1 : utf8_character_length(word));
    word.remove_prefix(symbol.size());
    const auto id = is_bytes_ ? byte_id(symbol[0]) : ids_.find(symbol);
    if (id >= 0) {
      end_unknown();
      ids.push_back(id);
    } else if (!has_fallback_ || !add_bytes(symbol, ids)) {
      if (!fuses_) end_unknown();
      was_unknown = true;
    }
  }
  end_unknown();
}

bool BpeSymbols::add_bytes(std::string_view symbol, std::vector<std::int32_t>& ids) const {
  for (const char byte : symbol) {
    if (byte_id(byte) < 0) return false;
  }
  for (const char byte : symbol) ids.push_back(byte_id(byte));
  return true;
}

}  // namespace minillama
