#include "minillama/core/utf8.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("well-formed characters have their length") {
  CHECK(utf8_character_length("a") == 1);
  CHECK(utf8_character_length("é") == 2);
  CHECK(utf8_character_length("▁x") == 3);
  CHECK(utf8_character_length("😀") == 4);
  CHECK(utf8_character_length(std::string_view("\0", 1)) == 1);
}

TEST_CASE("malformed characters have length zero") {
  const std::string_view malformed[] = {
      "",                  // nothing
      "\x80",              // continuation byte alone
      "\xc0\x80",          // overlong NUL
      "\xc1\xbf",          // overlong
      "\xe0\x9f\xbf",      // overlong
      "\xf0\x8f\xbf\xbf",  // overlong
      "\xed\xa0\x80",      // surrogate
      "\xf4\x90\x80\x80",  // above U+10FFFF
      "\xf5\x80\x80\x80",  // above U+10FFFF
      "\xe2\x96",          // cut short
      "\xe2\x28\xa1",      // second byte is no continuation
      "\xe2\x96\x28",      // third byte is no continuation
  };
  for (const auto text : malformed) CHECK(utf8_character_length(text) == 0);
}

TEST_CASE("characters have their numbers") {
  CHECK(utf8_code_point("a") == 'a');
  CHECK(utf8_code_point("é") == 0xE9);
  CHECK(utf8_code_point("▁") == 0x2581);
  CHECK(utf8_code_point("😀") == 0x1F600);
}

TEST_CASE("what acts on a terminal is a control character") {
  for (const std::string_view text : {"\n", "\x1b", "\x7f", "\xC2\x80", "\xC2\x9B", "\xC2\x9F",
                                      "\xE2\x80\xA8", "\xE2\x80\xAE", "\xE2\x81\xA9"}) {
    CHECK(utf8_is_control(text));
  }
  for (const std::string_view text : {" ", "~", "\xC2\xA0", "é", "—", "▁", "😀"}) {
    CHECK_FALSE(utf8_is_control(text));
  }
}

TEST_CASE("the valid prefix ends at the first malformed byte") {
  CHECK(utf8_valid_prefix("") == 0);
  CHECK(utf8_valid_prefix("aé▁😀") == 10);
  CHECK(utf8_valid_prefix("aé\xff▁") == 3);
  CHECK(utf8_valid_prefix("aé\xe2\x96") == 3);
}
