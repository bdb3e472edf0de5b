#include "minillama/io/crc32.h"

#include <string>

#include "support/catch.h"

using namespace minillama;

namespace {

/// Bit by bit from the definition.
std::uint32_t plain_crc32(std::string_view text) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
  }
  return ~crc;
}

}  // namespace

TEST_CASE("crc32: the published check value") {
  CHECK(crc32(as_bytes("123456789")) == 0xCBF43926);
  CHECK(crc32({}) == 0);
}

TEST_CASE("crc32: any length and alignment equals the plain computation") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += static_cast<char>(i * i * 31 + 7 * i);
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; size + begin <= text.size(); ++size) {
      const std::string_view part = std::string_view(text).substr(begin, size);
      REQUIRE(crc32(as_bytes(part)) == plain_crc32(part));
    }
  }
}

TEST_CASE("crc32: of parts, one after the other, is that of the whole") {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto first = crc32(as_bytes(text.substr(0, cut)));
    CHECK(crc32(as_bytes(text.substr(cut)), first) == crc32(as_bytes(text)));
  }
}
