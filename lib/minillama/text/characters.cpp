#include "minillama/text/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <string_view>

#include "minillama/core/utf8.h"
#include "minillama/text/unicode_additions.h"

namespace minillama {
namespace {

/// Of a character that the library does not know, what unicode_additions() says.
std::string_view category(std::uint32_t code_point) {
  const auto known = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  if (known != UTF8PROC_CATEGORY_CN)
    return utf8proc_category_string(static_cast<utf8proc_int32_t>(code_point));
  const auto additions = unicode_additions();
  const auto range = std::ranges::lower_bound(additions, code_point, {}, &UnicodeRange::last);
  return range != additions.end() && range->first <= code_point ? range->category : "Cn";
}

}  // namespace

bool is_white_space(std::uint32_t code_point) {
  if (code_point < 0x80) return code_point == ' ' || (code_point >= 0x9 && code_point <= 0xD);
  return code_point == 0x85 || category(code_point).starts_with('Z');
}

bool is_word_character(std::uint32_t code_point) {
  const auto kind = category(code_point);
  return kind.starts_with('L') || kind.starts_with('M') || kind == "Nd" || kind == "Nl" ||
         kind == "Pc" || code_point == 0x200C || code_point == 0x200D;
}

std::size_t leading_space(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t length = utf8_character_length(text.substr(end));
    if (length == 0 || !is_white_space(utf8_code_point(text.substr(end, length)))) break;
    end += length;
  }
  return end;
}

std::size_t trailing_space(std::string_view text) {
  std::size_t size = text.size();
  while (size > 0) {
    const auto last = last_character(text.substr(0, size));
    if (!is_white_space(utf8_code_point(last))) break;
    size -= last.size();
  }
  return text.size() - size;
}

std::string lowercase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = text.substr(0, utf8_character_length(text));
    const auto code_point = utf8_code_point(character);
    if (code_point == 0x130) {
      out += "i\u0307";  // the one letter that becomes two
    } else {
      utf8proc_uint8_t encoded[4];
      const auto lower = utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point));
      const auto size = utf8proc_encode_char(lower, encoded);
      out.append(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size));
    }
    text.remove_prefix(character.size());
  }
  return out;
}

std::string_view last_character(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return text.substr(begin);
}

}  // namespace minillama
