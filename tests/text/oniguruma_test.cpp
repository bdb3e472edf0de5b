#include "minillama/text/oniguruma.h"

#include "minillama/core/error.h"
#include "minillama/text/pattern.h"

#include "support/catch.h"
#include "support/file_error.h"

using namespace minillama;

namespace {

/// The matches in `text`, in brackets.
std::string found(const std::string& pattern, const std::string& text) {
  std::vector<TextSpan> matches;
  Pattern({pattern, true}, "t.json").find_all(text, matches);
  std::string out;
  std::size_t taken = 0;
  for (const auto& match : matches) {
    out += text.substr(taken, match.begin - taken);
    out += "[" + text.substr(match.begin, match.end - match.begin) + "]";
    taken = match.end;
  }
  return out + text.substr(taken);
}

std::string error_of(const std::string& pattern) {
  return test::file_error([&] { Pattern({pattern, true}, "t.json"); });
}

}  // namespace

TEST_CASE("patterns: white space, digits and categories are Unicode's") {
  CHECK(found(R"(\s+)", "a \u00a0\u3000\u0085\u2028b\u180e\u200b") ==
        "a[ \u00a0\u3000\u0085\u2028]b\u180e\u200b");
  CHECK(found(R"(\S+)", " ab\u180e ") == " [ab\u180e] ");
  CHECK(found(R"([^\s\d]+)", "ab 1\u0663c") == "[ab] 1\u0663[c]");
  CHECK(found(R"(\D)", "1a2") == "1[a]2");
  CHECK(found(R"(\h+)", "xyzaF0") == "xyz[aF0]");
  CHECK(found(R"(\v)", "\x0b\x0c") == "[\x0b]\x0c");
  CHECK(found(R"(\p{L}+)", "a\u00e9\u4e2d1_") == "[a\u00e9\u4e2d]1_");
  CHECK(found(R"(\P{L}+)", "a12b") == "a[12]b");
  CHECK(found(R"(\p{^L}+)", "a12b") == "a[12]b");
  // Letters, marks and digits of Unicode 15 and 16.
  CHECK(found(R"(\p{L}+)", "\U00031350\U0002EBF0\U000105C0\u1c8a1") ==
        "[\U00031350\U0002EBF0\U000105C0\u1c8a]1");
  CHECK(found(R"([^\p{L}\p{Mn}]+)", "\U00031350\u08971\U00010D40") ==
        "\U00031350\u0897[1\U00010D40]");
  CHECK(found(R"(\p{Nd})", "\U00010D40") == "[\U00010D40]");
}

TEST_CASE("patterns: what stands in them stands for what it does in Oniguruma's syntax") {
  CHECK(found("^a|b$", "a\nab\na") == "[a]\n[a][b]\n[a]");
  CHECK(found("a.", "a\nab") == "a\n[ab]");
  CHECK(found("a{,2}b", "aaab") == "a[aab]");
  CHECK(found("a{2}", "aaa") == "[aa]a");
  CHECK(found("(?i:'S|k)", "'s \u017f 'S \u212a K") == "['s] \u017f ['S] [\u212a] [K]");
  CHECK(found("(?<!a)b(?=c)|(?>x+)y|(?:z)", "bcabcxxyz") == "[b]cabc[xxy][z]");
  CHECK(found(R"([\]\-\u00e9\n])", "]-\u00e9\n") == "[]][-][\u00e9][\n]");
  CHECK(found("[]a]", "]a") == "[]][a]");
  CHECK(found(R"(\(\.\*)", "(.*") == "[(.*]");
  CHECK(found(R"(\x41\x{42})", "AB") == "[AB]");
  CHECK(found("x*", "axxb") == "[]a[xx]b[]");
}

TEST_CASE("patterns: what PCRE2 would read otherwise is refused") {
  for (const std::string pattern :
       {R"(\w)",    R"(\b)",  R"(\R)",    R"(\X)",     R"(\K)",          R"(\C)",
        R"(\Qa\E)", R"(\1)",  R"(\k<a>)", R"(\g<0>)",  R"(\G)",          R"(\p{Han})",
        R"(\p{L)",  R"(\pL)", R"(\u12)",  R"([a[b]])", R"([[:alpha:]])", R"([a&&b])",
        R"([^\S])", "(?i)a",  "(?m:a)",   "(?<n>a)",   "(?#a)",          "(?R)",
        "(?C1)",    "(*UTF)", "(*FAIL)",  "a{1,2}+",   "a{2}?",          "a{",
        "{}",       "a{,}",   "a\\"}) {
    CAPTURE(pattern);
    CHECK_THAT(error_of(pattern), contains("t.json: the pattern "));
  }
  CHECK_THAT(error_of(R"(\p{Han})"), contains("has the property \"Han\", which is not supported"));
  CHECK_THAT(error_of("[a"), contains("is broken"));
  CHECK_THAT(error_of("a**"), contains("t.json") || contains("accepted"));
}

TEST_CASE("patterns: one that was made to take forever is an error that names its file") {
  std::string message = "found";
  try {
    found("(a+a+)+$", std::string(2000, 'a') + "b");
  } catch (const InputError& error) {
    message = error.what();
  }
  CHECK_THAT(message, contains("t.json: a text cannot be searched for its pattern: "));
}

TEST_CASE("patterns: characters are looked for as they are") {
  std::vector<TextSpan> matches;
  Pattern({"a."}, "t.json").find_all("a.aa.a.", matches);
  REQUIRE(matches.size() == 3);
  CHECK(matches[1].begin == 3);
  CHECK(matches[2].end == 7);
}
