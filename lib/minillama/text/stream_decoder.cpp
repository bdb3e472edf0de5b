#include "minillama/text/stream_decoder.h"

#include <algorithm>

#include "minillama/core/utf8.h"

namespace minillama {
namespace {

constexpr std::string_view kSpace = "\u2581";
constexpr std::string_view kReplacement = "\uFFFD";

/// Whether more bytes can make a character of `bytes`. The bytes that may follow depend on the
/// first one, but one end of 0x80..0xBF always may.
bool may_become_character(std::string_view bytes) {
  for (const char* rest : {"\x80\x80\x80", "\xBF\xBF\xBF"}) {
    if (utf8_character_length(std::string(bytes) + rest) > bytes.size()) return true;
  }
  return false;
}

/// Takes the characters off the front of `bytes`; if `last`, nothing more will come.
std::string take_characters(std::string& bytes, bool last) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = utf8_character_length(bytes);
    if (length == 0 && !last && may_become_character(bytes)) break;
    text += length == 0 ? kReplacement : std::string_view(bytes).substr(0, length);
    bytes.erase(0, std::max<std::size_t>(length, 1));
  }
  return text;
}

}  // namespace

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, std::span<const std::int64_t> prompt)
    : model_(tokenizer.model()) {
  for (const std::int64_t id : prompt) push(id);
}

std::string StreamDecoder::push(std::int64_t id) {
  const SentencePiece& piece = model_.piece(id);
  if (piece.type == SentencePiece::Type::byte) {
    bytes_ += static_cast<char>(byte_value(piece.text));
    at_start_ = false;
    return take_characters(bytes_, false);
  }
  std::string text = flush();
  if (piece.type == SentencePiece::Type::unknown) {
    text += model_.unk_surface;
  } else if (piece.type != SentencePiece::Type::control) {
    text += word(piece.text);
  }
  at_start_ = at_start_ && text.empty();
  return text;
}

std::string StreamDecoder::flush() {
  return take_characters(bytes_, true);
}

std::string StreamDecoder::word(std::string_view piece) {
  const bool drops_space = model_.add_dummy_prefix || model_.remove_extra_whitespaces;
  if (at_start_ && drops_space && piece.starts_with(kSpace)) {
    piece.remove_prefix(kSpace.size());
    // Where extra white space is removed, so is that of the pieces that follow.
    at_start_ = model_.remove_extra_whitespaces;
  }
  std::string text;
  while (!piece.empty()) {
    const std::size_t space = std::min(piece.find(kSpace), piece.size());
    text += piece.substr(0, space);
    piece.remove_prefix(space);
    if (piece.empty()) break;
    text += ' ';
    piece.remove_prefix(kSpace.size());
  }
  return text;
}

}  // namespace minillama
