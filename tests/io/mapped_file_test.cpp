#include "minillama/io/mapped_file.h"

#include <sys/stat.h>

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

TEST_CASE("a mapped file shows its bytes, and still does after a move") {
  const test::TemporaryDirectory directory;
  MappedFile file(directory.file("a", "hello"));
  CHECK(as_text(file.bytes()) == "hello");
  const MappedFile moved = std::move(file);
  CHECK(as_text(moved.bytes()) == "hello");
}

TEST_CASE("what is written to a mapped file's bytes stays in memory, until they are released") {
  const test::TemporaryDirectory directory;
  const std::string content(3 << 16, 'a');
  const MappedFile file(directory.file("a", content));
  auto* bytes = const_cast<std::byte*>(file.bytes().data());
  bytes[1 << 16] = bytes[10] = std::byte{'b'};
  CHECK(as_text(file.bytes())[1 << 16] == 'b');
  CHECK(test::read_text(file.path()) == content);
  MappedFile::release(file.bytes().subspan(20));
  CHECK(as_text(file.bytes())[1 << 16] == 'a');
  CHECK(as_text(file.bytes())[10] == 'b');  // its page is not all in the part
}

TEST_CASE("what is no regular file with content is refused") {
  const test::TemporaryDirectory directory;
  const auto message = [](const std::filesystem::path& path) {
    return test::file_error([&] { const MappedFile file(path); });
  };
  CHECK_THAT(message(directory.path() / "absent"), contains("absent: no such file"));
  CHECK_THAT(message(directory.file("f", "x") / "below"), contains("no such file"));
  CHECK_THAT(message(directory.path()), contains("is a directory"));
  CHECK_THAT(message(directory.file("empty", "")), contains("is empty"));
  const auto fifo = directory.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_THAT(message(fifo), contains("not a regular file"));
}
