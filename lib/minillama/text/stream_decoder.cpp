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
  return take_characters(bytes_, false);
}

std::string StreamDecoder::flush() {
  return take_characters(bytes_, true);
}

}  // namespace minillama
