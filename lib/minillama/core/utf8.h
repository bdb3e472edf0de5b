#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace minillama {

/// Length in bytes (1 to 4) of the UTF-8 character at the start of `text`, or 0 if `text` does not
/// start with a complete, well-formed one (RFC 3629: no overlong forms, no surrogates).
std::size_t utf8_character_length(std::string_view text);

/// Position of the first byte that is not well-formed UTF-8, or text.size() if there is none.
std::size_t utf8_valid_prefix(std::string_view text);

/// The number of a character that utf8_character_length() has a length for.
std::uint32_t utf8_code_point(std::string_view character);

/// Whether such a character acts on a terminal instead of being shown: a control character (U+0000
/// to U+001F, U+007F to U+009F), or one that breaks lines or turns the direction of writing.
bool utf8_is_control(std::string_view character);

}  // namespace minillama
