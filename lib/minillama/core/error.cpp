#include "minillama/core/error.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "minillama/core/utf8.h"

namespace minillama {

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_character_length(text);
    const auto character = text.substr(0, std::max<std::size_t>(length, 1));
    if (length > 0 && !utf8_is_control(character)) {
      out += character;
    } else if (length > 1) {
      out += fmt::format("\\u{:04x}", utf8_code_point(character));
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(character[0]));
    }
    text.remove_prefix(character.size());
  }
  return out;
}

FileError::FileError(const std::filesystem::path& path, std::string_view problem)
    : InputError(fmt::format("{}: {}", printable(path.native()), problem)) {}

FileError::FileError(const std::filesystem::path& path, std::size_t line, std::string_view problem)
    : InputError(fmt::format("{}:{}: {}", printable(path.native()), line, problem)) {}

IoError::IoError(const std::filesystem::path& path, std::string_view action, int error_number)
    : InputError(fmt::format("{}: {}: {}", printable(path.native()), action,
                             std::generic_category().message(error_number))) {}

std::string quote(std::string_view text, std::size_t max_bytes) {
  std::size_t end = text.size();
  if (end > max_bytes) {
    end = max_bytes;
    // Not in the middle of a character.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  }
  return fmt::format("\"{}{}\"", printable(text.substr(0, end)), end < text.size() ? "…" : "");
}

}  // namespace minillama
