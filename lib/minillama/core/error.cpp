#include "minillama/core/error.h"

#include <system_error>

#include <fmt/format.h>

#include "minillama/core/utf8.h"

namespace minillama {

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const std::size_t length = utf8_character_length(text);
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
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
