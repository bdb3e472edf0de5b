#include "minillama/text/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "minillama/core/utf8.h"

namespace minillama {
namespace {

constexpr std::size_t kCodePoints = 0x144;  // behind the last one of the alphabet

struct Alphabet {
  std::array<std::string, 256> characters;
  std::array<std::int16_t, kCodePoints> bytes;  // -1: not of the alphabet
};

bool is_visible(unsigned byte) {
  return (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
}

Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.bytes.fill(-1);
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const unsigned point = is_visible(byte) ? byte : next++;
    alphabet.bytes[point] = static_cast<std::int16_t>(byte);
    auto& character = alphabet.characters[byte];
    if (point >= 0x80) character += static_cast<char>(0xC0 | point >> 6);
    character += static_cast<char>(point >= 0x80 ? 0x80 | (point & 0x3F) : point);
  }
  return alphabet;
}

const Alphabet& alphabet() {
  static const Alphabet made = make_alphabet();
  return made;
}

}  // namespace

std::string_view byte_character(unsigned char byte) {
  return alphabet().characters[byte];
}

std::string spelled_bytes(std::string_view text) {
  const auto& bytes = alphabet().bytes;
  std::string spelled;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_character_length(text.substr(i));
    if (length == 0) return std::string(text);
    const std::uint32_t point = utf8_code_point(text.substr(i, length));
    if (point >= kCodePoints || bytes[point] < 0) return std::string(text);
    spelled += static_cast<char>(bytes[point]);
    i += length;
  }
  return spelled;
}

int spelled_byte(std::string_view text) {
  const std::size_t length = utf8_character_length(text);
  if (length == 0 || length != text.size()) return -1;
  const std::uint32_t point = utf8_code_point(text);
  return point < kCodePoints ? alphabet().bytes[point] : -1;
}

}  // namespace minillama
