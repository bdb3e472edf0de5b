#include "minillama/io/crc32c.h"

#include <string>

#include "support/catch.h"

using namespace minillama;

TEST_CASE("CRC-32C: the examples of RFC 3720, appendix B.4") {
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending += static_cast<char>(i);
  CHECK(crc32c(as_bytes(std::string(32, '\0'))) == 0x8A9136AA);
  CHECK(crc32c(as_bytes(std::string(32, '\xFF'))) == 0x62A8AB43);
  CHECK(crc32c(as_bytes(ascending)) == 0x46DD794E);
  CHECK(crc32c(as_bytes("123456789")) == 0xE3069283);
  CHECK(crc32c({}) == 0);
}
