#include "minillama/plot/markup.h"

#include <algorithm>

#include "minillama/core/utf8.h"

namespace minillama {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";

/// XML 1.0, section 2.2: tabs and line ends are all that it knows below U+0020, and U+FFFE and
/// U+FFFF are no characters. Those that turn the direction of writing would reach beyond the text.
bool is_shown(std::string_view character) {
  const auto code_point = utf8_code_point(character);
  if (character == "\t" || character == "\n" || character == "\r") return true;
  return !utf8_is_control(character) && code_point != 0xFFFE && code_point != 0xFFFF;
}

std::string_view escaped(std::string_view character) {
  switch (character.front()) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return is_shown(character) ? character : kReplacement;
  }
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = utf8_character_length(text);
    out += length == 0 ? kReplacement : escaped(text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace minillama
