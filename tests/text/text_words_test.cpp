#include "minillama/text/text_words.h"

#include <string>

#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;

TEST_CASE("words of a text: what white space of any kind parts, by their bytes") {
  const std::string text = " A\tcaf\u00e9 ,\u3000\u6620\u753b\u00a0. ";
  std::vector<std::string> words;
  for (const auto& [begin, end] : text_words(text))
    words.push_back(text.substr(begin, end - begin));
  CHECK(words == std::vector<std::string>{"A", "caf\u00e9", ",", "\u6620\u753b", "."});
  CHECK(text_words("ab  c") == std::vector<TextWord>{{0, 2}, {4, 5}});
  CHECK(text_words("").empty());
  CHECK(text_words(" \n ").empty());
  CHECK(test::option_error([] { text_words("a\xFF"); }) == "the text is \"a\\xff\", must be UTF-8");
}
