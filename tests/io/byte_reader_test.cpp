#include "minillama/io/byte_reader.h"

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

namespace {
const std::filesystem::path kName = "x.bin";
}

TEST_CASE("numbers are read little-endian, one after the other") {
  using namespace std::string_view_literals;
  ByteReader reader(as_bytes("\x01\x02\x00\x00\x00\xff\xff\x00\x00\x80\x3f"sv), kName);
  CHECK(reader.read<std::uint8_t>() == 1);
  CHECK(reader.read<std::uint32_t>() == 2);
  CHECK(reader.read<std::int16_t>() == -1);
  CHECK(reader.read<float>() == 1.0f);
  CHECK(reader.remaining() == 0);
  CHECK(reader.offset() == 11);
}

TEST_CASE("nothing outside the bytes can be reached") {
  ByteReader reader(as_bytes("abcd"), kName);
  CHECK_THROWS_AS(reader.read<std::uint64_t>(), FileError);
  CHECK_THROWS_AS(reader.take(5), FileError);
  CHECK_THROWS_AS(reader.take(UINT64_MAX), FileError);
  CHECK_THROWS_AS(reader.seek(5), FileError);
  reader.seek(4);
  CHECK(reader.take(0).empty());
  CHECK_THROWS_WITH(reader.take(1), "x.bin: at byte 4: 1 bytes expected, 0 left: truncated?");
  reader.seek(2);
  CHECK(as_text(reader.take(2)) == "cd");
}
