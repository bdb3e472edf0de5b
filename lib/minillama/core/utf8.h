#pragma once

#include <cstddef>
#include <string_view>

namespace minillama {

/// Length in bytes (1 to 4) of the UTF-8 character at the start of `text`, or 0 if `text` does not
/// start with a complete, well-formed one (RFC 3629: no overlong forms, no surrogates).
std::size_t utf8_character_length(std::string_view text);

/// Position of the first byte that is not well-formed UTF-8, or text.size() if there is none.
std::size_t utf8_valid_prefix(std::string_view text);

}  // namespace minillama
