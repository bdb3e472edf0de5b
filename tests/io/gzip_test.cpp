#include "minillama/io/gzip.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

constexpr std::size_t kRoom = 1 << 20;

std::string golden(const std::string& name) {
  return test::read_text(test::repository_file("tests/reference/labelled_data/" + name));
}

std::string error_of(const std::string& content, std::size_t max_bytes = kRoom) {
  return test::file_error([&] { gunzip(as_bytes(content), "f.gz", max_bytes); });
}

}  // namespace

TEST_CASE("gzip: what Python wrote is read, one member or several") {
  const auto zipped = golden("comma.csv.gz");
  const auto plain = golden("comma.csv");
  CHECK(is_gzip(as_bytes(zipped)));
  CHECK_FALSE(is_gzip(as_bytes(plain)));
  CHECK(gunzip(as_bytes(zipped), "f.gz", kRoom) == plain);
  CHECK(gunzip(as_bytes(zipped + zipped + zipped), "f.gz", kRoom) == plain + plain + plain);
}

TEST_CASE("gzip: no more is decompressed than is allowed") {
  const auto zipped = golden("comma.csv.gz");
  const auto size = golden("comma.csv").size();
  CHECK(gunzip(as_bytes(zipped), "f.gz", size).size() == size);
  CHECK(error_of(zipped, size - 1) ==
        "f.gz: decompresses to more than " + std::to_string(size - 1) + " bytes");
  CHECK_THAT(error_of(zipped + zipped, size), contains("decompresses to more than"));
  CHECK_THAT(error_of(zipped, 0), contains("decompresses to more than 0 bytes"));
}

TEST_CASE(
    "gzip: every truncation, and every byte that is changed, is refused or makes no difference") {
  const auto zipped = golden("comma.csv.gz");
  const auto plain = golden("comma.csv");
  for (std::size_t size = 0; size < zipped.size(); ++size) {
    CHECK_THAT(error_of(zipped.substr(0, size)), contains("f.gz: its gzip data"));
  }
  for (std::size_t i = 0; i < zipped.size(); ++i) {
    auto changed = zipped;
    changed[i] = static_cast<char>(changed[i] ^ 0x55);
    const auto error = error_of(changed);
    if (error != "accepted") {
      CHECK_THAT(error, contains("f.gz: its gzip data"));
    } else {
      CHECK(i < 10);  // the header's time and system
      CHECK(gunzip(as_bytes(changed), "f.gz", kRoom) == plain);
    }
  }
  CHECK(error_of(zipped + "x") == "f.gz: has bytes behind the end of its gzip data");
}
