#include "minillama/core/error.h"

#include <cerrno>

#include "support/catch.h"

using namespace minillama;

TEST_CASE("quote makes hostile text printable") {
  CHECK(quote("plain") == "\"plain\"");
  CHECK(quote("Größe ▁") == "\"Größe ▁\"");
  CHECK(quote("a\nb\x1b[31m\x7f") == "\"a\\x0ab\\x1b[31m\\x7f\"");
  CHECK(quote("\xC2\x9B"
              "2J\xE2\x80\xAE") == R"("\u009b2J\u202e")");
  CHECK(quote("\xff\xc3") == "\"\\xff\\xc3\"");
  CHECK(quote(std::string_view("\0", 1)) == "\"\\x00\"");
}

TEST_CASE("quote cuts long text between characters") {
  CHECK(quote(std::string(100, 'x'), 4) == "\"xxxx…\"");
  CHECK(quote("aaaö", 4) == "\"aaa…\"");
  CHECK(quote("aaaö", 5) == "\"aaaö\"");
}

TEST_CASE("errors name the place in one line") {
  CHECK(std::string(FileError("dir/x.bin", "is empty").what()) == "dir/x.bin: is empty");
  CHECK(std::string(FileError("x.txt", 7, "no label").what()) == "x.txt:7: no label");
  CHECK(std::string(FileError("a\nb", "is empty").what()) == "a\\x0ab: is empty");
  CHECK(std::string(IoError("x", "cannot write", ENOSPC).what()) ==
        "x: cannot write: No space left on device");
}
