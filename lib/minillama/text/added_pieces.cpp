#include "minillama/text/added_pieces.h"

#include <algorithm>
#include <utility>

#include "minillama/core/utf8.h"
#include "minillama/text/characters.h"

namespace minillama {
namespace {

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool ends_with_word(std::string_view text) {
  return !text.empty() && is_word_character(utf8_code_point(last_character(text)));
}

bool begins_with_word(std::string_view text) {
  const std::size_t length = utf8_character_length(text);
  return length > 0 && is_word_character(utf8_code_point(text.substr(0, length)));
}

}  // namespace

AddedPieces::AddedPieces(std::vector<AddedPiece> pieces, std::vector<std::string> texts) {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    entries_.push_back({std::move(texts[i]), pieces[i]});
  }
  std::ranges::stable_sort(entries_, {}, &Entry::text);
  for (const auto& entry : entries_) ++begins_[byte_at(entry.text, 0) + 1U];
  for (std::size_t byte = 0; byte < 256; ++byte) begins_[byte + 1] += begins_[byte];
}

const AddedPieces::Entry* AddedPieces::longest_at(std::string_view text) const {
  const unsigned char first = byte_at(text, 0);
  auto begin = entries_.begin() + begins_[first];
  auto end = entries_.begin() + begins_[first + 1U];
  const Entry* longest = nullptr;
  // The entries that begin with the first `length` bytes lie together, a shorter one first.
  for (std::size_t length = 1; begin != end; ++length) {
    if (begin->text.size() == length) longest = &*begin++;
    // One text may be there twice: normalization may have made them equal.
    while (begin != end && begin->text.size() == length) ++begin;
    if (length == text.size()) break;
    const unsigned char byte = byte_at(text, length);
    const auto is_before = [&](const Entry& entry) { return byte_at(entry.text, length) < byte; };
    const auto is_it = [&](const Entry& entry) { return byte_at(entry.text, length) == byte; };
    begin = std::partition_point(begin, end, is_before);
    end = std::partition_point(begin, end, is_it);
  }
  return longest;
}

void AddedPieces::find(std::string_view text, std::vector<AddedSpan>& spans) const {
  std::size_t taken = 0;  // what lies before is in spans
  for (std::size_t at = 0; at < text.size();) {
    const unsigned char first = byte_at(text, at);
    const bool may_begin = begins_[first] != begins_[first + 1U];
    const Entry* entry = may_begin ? longest_at(text.substr(at)) : nullptr;
    if (entry == nullptr) {
      ++at;
      continue;
    }
    std::size_t begin = at;
    std::size_t end = at + entry->text.size();
    at = end;
    const auto& piece = entry->piece;
    const bool is_inside_word = piece.is_word && (ends_with_word(text.substr(0, begin)) ||
                                                  begins_with_word(text.substr(end)));
    if (is_inside_word) continue;
    if (piece.strips_left) {
      begin = std::max(begin - trailing_space(text.substr(0, begin)), taken);
    }
    if (piece.strips_right) end += leading_space(text.substr(end));
    if (taken < begin) spans.push_back({{taken, begin}, -1});
    spans.push_back({{begin, end}, piece.id});
    taken = end;
  }
  if (taken < text.size()) spans.push_back({{taken, text.size()}, -1});
}

}  // namespace minillama
