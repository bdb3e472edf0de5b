#include "minillama/text/text_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <vector>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) lines.emplace_back(take_line(text));
  return lines;
}

/// What a LineReader makes of bytes that come one by one through a pipe; errors are among its
/// lines.
std::vector<std::string> read_lines(const std::string& content) {
  const test::TemporaryDirectory directory;
  const auto pipe = directory.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::thread writer([&] {
    std::ofstream out(pipe);
    for (const char byte : content) out << byte << std::flush;
  });
  std::vector<std::string> lines;
  LineReader reader(pipe);
  while (true) {
    try {
      const auto line = reader.next();
      if (!line) break;
      lines.push_back(*line);
    } catch (const FileError& error) {
      const std::string what = error.what();
      lines.push_back(what.substr(what.rfind('/') + 1));
    }
  }
  writer.join();
  return lines;
}

}  // namespace

TEST_CASE("text: lines end with LF, CR LF or CR, blank ones stay") {
  const std::vector<std::string> expected{"a", "", "b", "c"};
  for (const std::string text :
       {"a\n\nb\nc\n", "a\n\nb\nc", "a\r\n\r\nb\r\nc\r\n", "a\r\rb\rc\r"}) {
    CAPTURE(text);
    CHECK(lines_of(text) == expected);
    CHECK(read_lines(text) == expected);
    CHECK(read_lines("\xEF\xBB\xBF" + text) == expected);
  }
  CHECK(lines_of("").empty());
  CHECK(read_lines("").empty());
  CHECK(lines_of("\n") == std::vector<std::string>{""});
  CHECK(read_lines("\r\n\n") == std::vector<std::string>{"", ""});
}

TEST_CASE("text: a file's byte order mark and line ends make no difference") {
  const test::TemporaryDirectory directory;
  for (const std::string content : {"a\nb\n",
                                    "\xEF\xBB\xBF"
                                    "a\nb\n",
                                    "a\r\nb\r\n", "a\rb\r",
                                    "\xEF\xBB\xBF"
                                    "a\rb\r\n"}) {
    CAPTURE(content);
    CHECK(TextFile(directory.file("f", content)).normalized() == "a\nb\n");
  }
  CHECK(TextFile(directory.file("f", "a\r\nb")).normalized() == "a\nb");
}

TEST_CASE("text: what is no text is refused by file and line") {
  const test::TemporaryDirectory directory;
  const auto error_of = [&](std::string_view content) {
    return test::file_error([&] { TextFile(directory.file("f.txt", content)).check(); });
  };
  CHECK_THAT(error_of("a\ncaf\xe9\n"), contains("f.txt:2: not UTF-8 at byte 3 of the line"));
  CHECK_THAT(error_of("a\r\nb\rcaf\xe9"), contains("f.txt:3: not UTF-8"));
  CHECK_THAT(error_of(std::string_view("a\nb\0\n", 5)), contains("f.txt:2: holds a NUL byte"));
  CHECK_THAT(error_of(std::string_view("\xFF\xFE"
                                       "a\0",
                                       4)),
             contains("f.txt: is UTF-16 text"));
  CHECK_THAT(error_of(std::string_view("\xFE\xFF\0a", 4)), contains("f.txt: is UTF-16 text"));
  CHECK_THAT(error_of(""), contains("f.txt: is empty"));
  CHECK_THAT(test::file_error([] { TextFile("/absent"); }), contains("/absent: no such file"));
  CHECK_THAT(test::file_error([] { LineReader("/absent"); }), contains("/absent: no such file"));
}

TEST_CASE("text: a line that is no text is named, and those behind it are read") {
  CHECK(read_lines("a\n\xff\nb\n") ==
        std::vector<std::string>{"a", "pipe:2: not UTF-8 at byte 0 of the line: \"\\xff\"", "b"});
  // Once where the NUL byte comes, and once more where the line ends, if that came later.
  const auto lines = read_lines(std::string("a\0b\nc", 5));
  CHECK(lines.front() == "pipe:1: holds a NUL byte");
  CHECK(lines.back() == "c");
}

TEST_CASE("text: a device without end is refused at once") {
  CHECK_THAT(test::file_error([] { TextFile("/dev/zero"); }), contains("/dev/zero:1: holds a NUL"));
  LineReader zeros("/dev/zero");
  CHECK_THAT(test::file_error([&] { zeros.next(); }), contains("/dev/zero:1: holds a NUL"));
}

TEST_CASE("text: a pipe is read whole") {
  const test::TemporaryDirectory directory;
  const auto pipe = directory.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const std::string text(300000, 'x');
  std::thread writer([&] { std::ofstream(pipe) << "\xEF\xBB\xBF" << text; });
  const TextFile file(pipe);
  writer.join();
  CHECK(file.text() == text);
  CHECK_FALSE(file.is_mapped());
  CHECK(is_stream("/dev/null"));
  CHECK_FALSE(is_stream(directory.file("f", "x")));
  CHECK_FALSE(is_stream(directory.path()));
}
