#pragma once

// Not part of the public interface.

#include <cstdint>
#include <string>
#include <string_view>

namespace minillama {

/// Unicode's property White_Space.
bool is_white_space(std::uint32_t code_point);

/// Whether the character is part of a word: a letter, mark or number, an underscore or the like.
bool is_word_character(std::uint32_t code_point);

/// How many bytes of white space `text` begins, or ends, with; `text` is UTF-8.
std::size_t leading_space(std::string_view text);
std::size_t trailing_space(std::string_view text);

/// `text`, which is UTF-8, with each letter as its small one (Unicode's simple mapping; U+0130
/// becomes the two of its full one).
std::string lowercase(std::string_view text);

/// The last character of a text of UTF-8 that is not empty.
std::string_view last_character(std::string_view text);

}  // namespace minillama
