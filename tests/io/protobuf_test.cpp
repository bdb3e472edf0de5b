#include "minillama/io/protobuf.h"

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/file_error.h"

using namespace minillama;

namespace {

const std::filesystem::path kName = "m.model";

/// Reads every field; the error's message, or "accepted".
std::string error_of(std::string_view message) {
  ProtobufReader in(as_bytes(message), kName);
  return test::file_error([&] {
    while (in.next()) {
    }
  });
}

}  // namespace

TEST_CASE("protobuf: what is written is read") {
  ProtobufWriter inner;
  inner.string(1, "é");
  ProtobufWriter out;
  out.int32(1, 300);
  out.int32(2, -1);
  out.int32(3, INT32_MIN);
  out.boolean(40, true);
  out.float32(5, -1.5f);
  out.message(6, inner);
  out.string(7, "");

  ProtobufReader in(as_bytes(out.out()), kName);
  const auto next = [&] { return in.next() ? in.field() : 0; };
  REQUIRE(next() == 1);
  CHECK(in.int32() == 300);
  REQUIRE(next() == 2);
  CHECK(in.int32() == -1);
  REQUIRE(next() == 3);
  CHECK(in.int32() == INT32_MIN);
  REQUIRE(next() == 40);
  CHECK(in.boolean());
  REQUIRE(next() == 5);
  CHECK(in.float32() == -1.5f);
  REQUIRE(next() == 6);
  ProtobufReader message(in.bytes(), kName);
  REQUIRE(message.next());
  CHECK(message.string() == "é");
  REQUIRE(next() == 7);
  CHECK(in.string().empty());
  CHECK(next() == 0);
}

TEST_CASE("protobuf: bytes of the published examples") {
  using namespace std::string_view_literals;
  ProtobufWriter out;
  out.int32(1, 150);
  CHECK(out.out() == "\x08\x96\x01"sv);
  ProtobufWriter text;
  text.string(2, "testing");
  CHECK(text.out() == "\x12\x07testing"sv);
  ProtobufWriter negative;
  negative.int32(1, -2);
  CHECK(negative.out() == "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv);
}

TEST_CASE("protobuf: what is no message is refused with the place") {
  using namespace std::string_view_literals;
  CHECK(error_of("\x0a\x05"
                 "abc"sv) == "m.model: at byte 2: 5 bytes expected, 3 left: truncated?");
  CHECK_THAT(error_of("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"sv), contains("truncated"));
  CHECK_THAT(error_of("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv),
             contains("more than 10 bytes"));
  CHECK_THAT(error_of("\x08\x80"sv), contains("truncated"));
  CHECK_THAT(error_of("\x00\x01"sv), contains("tag 0"));
  CHECK_THAT(error_of("\x0b"sv), contains("wire type 3"));
  CHECK_THAT(error_of("\x0d\x00\x00"sv), contains("truncated"));
  CHECK_THAT(error_of("\xf8\xff\xff\xff\xff\x01\x00"sv), contains("no protobuf message: tag"));
}

TEST_CASE("protobuf: a field of another type than asked for is refused") {
  using namespace std::string_view_literals;
  ProtobufReader in(as_bytes("\x18\xff\xff\xff\xff\x0f"sv), kName);  // field 3: 2^32 - 1
  REQUIRE(in.next());
  CHECK_THROWS_WITH(in.bytes(), contains("field 3 is of the wrong type"));
  CHECK_THROWS_AS(in.float32(), FileError);
  CHECK_THROWS_WITH(in.int32(), contains("field 3 is 4294967295: out of range"));
}
