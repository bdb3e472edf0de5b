#pragma once

// Not part of the public interface.

#include <string>
#include <string_view>

namespace minillama {

// The alphabet in which byte-level vocabularies write bytes (GPT-2, Radford et al. 2019): a byte
// that is a visible character of Latin-1 is that character, and the 68 others are U+0100 and on, so
// that a space is "Ġ".

/// The character of a byte.
std::string_view byte_character(unsigned char byte);

/// The bytes that `text` spells. If it holds another character, `text` itself.
std::string spelled_bytes(std::string_view text);

/// The byte that `text` spells, or -1 if it is not one character of the alphabet.
int spelled_byte(std::string_view text);

}  // namespace minillama
