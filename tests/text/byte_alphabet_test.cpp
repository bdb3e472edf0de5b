#include "minillama/text/byte_alphabet.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("byte alphabet: a character for every byte, and back") {
  std::string all;
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    const auto character = byte_character(static_cast<unsigned char>(byte));
    CHECK(spelled_byte(character) == byte);
    all += character;
    bytes += static_cast<char>(byte);
  }
  CHECK(spelled_bytes(all) == bytes);
  CHECK(byte_character('a') == "a");
  CHECK(byte_character(' ') == "\u0120");
  CHECK(byte_character('\n') == "\u010a");
  CHECK(byte_character(0xAD) == "\u0143");
}

TEST_CASE("byte alphabet: what holds another character stands for itself") {
  for (const std::string text : {"a b", "\u0144", "\u4e2d", "\xff", ""}) {
    CHECK(spelled_bytes(text) == text);
    CHECK(spelled_byte(text) == -1);
  }
  CHECK(spelled_byte("ab") == -1);
}
