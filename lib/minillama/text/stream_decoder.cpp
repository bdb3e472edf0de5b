#include "minillama/text/stream_decoder.h"

#include <algorithm>
#include <string_view>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/text/tokenizer_model.h"

namespace minillama {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";

/// Whether more bytes can make a character of `bytes`. The bytes that may follow depend on the
/// first one, but one end of 0x80..0xBF always may.
bool may_become_character(std::string_view bytes) {
  for (const char* rest : {"\x80\x80\x80", "\xBF\xBF\xBF"}) {
    if (utf8_character_length(std::string(bytes) + rest) > bytes.size()) return true;
  }
  return false;
}

/// How many bytes in front of `bytes`, which are no character, begin one; at least 1.
std::size_t beginning(std::string_view bytes) {
  std::size_t length = std::min<std::size_t>(bytes.size(), 3);
  while (length > 1 && !may_become_character(bytes.substr(0, length))) --length;
  return length;
}

/// Takes the characters off the front of `bytes`; if `last`, nothing more will come.
std::string take_characters(std::string& bytes, bool last, bool replaces_each_byte) {
  std::string text;
  std::string_view left = bytes;
  while (!left.empty()) {
    std::size_t length = utf8_character_length(left);
    if (length == 0 && !last && may_become_character(left)) break;
    text += length == 0 ? kReplacement : left.substr(0, length);
    if (length == 0) length = replaces_each_byte ? 1 : beginning(left);
    left.remove_prefix(length);
  }
  bytes.erase(0, bytes.size() - left.size());
  return text;
}

}  // namespace

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, std::span<const std::int64_t> prompt)
    : decoder_(tokenizer.model().decoder()) {
  for (const std::int64_t id : prompt) push(id);
}

StreamDecoder::StreamDecoder(StreamDecoder&& other) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&& other) noexcept = default;
StreamDecoder::~StreamDecoder() = default;

std::string StreamDecoder::push(std::int64_t id) {
  if (!decoder_) throw OptionError("the stream decoder is empty: it was moved from");
  const TokenText token = decoder_->push(id);
  if (token.is_whole) return flush() + token.bytes;
  bytes_ += token.bytes;
  return take_characters(bytes_, false, decoder_->replaces_each_byte());
}

std::string StreamDecoder::flush() {
  return take_characters(bytes_, true, !decoder_ || decoder_->replaces_each_byte());
}

}  // namespace minillama
