// Patterns against std::regex, and what is refused.

#include "minillama/grammar/regular_expression.h"

#include <optional>
#include <random>
#include <regex>

#include "minillama/grammar/byte_automaton.h"

#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;
using test::option_error;

namespace {

bool accepts(const std::string& pattern, std::string_view text,
             const PatternReading& reading = {}) {
  const ByteAutomaton automaton(parse_regular_expression(pattern, reading));
  return automaton.is_accepting(automaton.next(ByteAutomaton::kStart, text));
}

/// A pattern of at most `depth` groups in each other that both know. Only groups without
/// quantifiers in them are repeated any number of times, as std::regex takes exponential time for
/// others.
std::string random_pattern(std::mt19937& random, int depth, bool has_quantifiers = true) {
  const auto below = [&](unsigned end) { return random() % end; };
  const char* const kAtoms[] = {
      "a",      "b",      "c",     "\\.",  ".",   "[ab]",   "[^a]",    "[a-c]", "\\d",       "\\w",
      "[\\d.]", "[^\\w]", "\\x61", "[-a]", "\\S", "[b\\-]", "\\u0062", "\\s",   "[^\\d\\s]", "\\D"};
  const char* const kQuantifiers[] = {"", "", "", "?", "{2}", "{1,2}", "*", "+", "{2,}", "*?"};
  constexpr unsigned kBounded = 6;  // so many of them
  std::string pattern;
  const unsigned n_alternatives = 1 + (below(3) == 0 ? 1 : 0);
  for (unsigned i = 0; i < n_alternatives; ++i) {
    if (i > 0) pattern += "|";
    const unsigned n_atoms = 1 + below(3);
    for (unsigned k = 0; k < n_atoms; ++k) {
      unsigned n_quantifiers = std::size(kQuantifiers);
      if (depth > 0 && below(3) == 0) {
        const bool inner = has_quantifiers && below(2) == 0;
        pattern += below(2) == 0 ? "(" : "(?:";
        pattern += random_pattern(random, depth - 1, inner) + ")";
        if (inner) n_quantifiers = kBounded;
      } else {
        pattern += kAtoms[below(std::size(kAtoms))];
      }
      if (has_quantifiers) pattern += kQuantifiers[below(n_quantifiers)];
    }
  }
  return pattern;
}

std::string random_text(std::mt19937& random) {
  constexpr std::string_view kCharacters = "aaabbbc.1 -\n";
  std::string text;
  for (auto n = random() % 8; n > 0; --n) text += kCharacters[random() % kCharacters.size()];
  return text;
}

/// Some text along the automaton's ways, so that not all are refused.
std::string walk(const ByteAutomaton& automaton, std::mt19937& random) {
  constexpr std::string_view kCharacters = "abc.1 -\n";
  std::string text;
  auto state = ByteAutomaton::kStart;
  for (int i = 0; i < 40 && text.size() < 10; ++i) {
    const auto c = kCharacters[random() % kCharacters.size()];
    const auto next = automaton.next(state, static_cast<std::uint8_t>(c));
    if (next == ByteAutomaton::kDead) continue;
    text += c;
    state = next;
    if (automaton.is_accepting(state) && random() % 3 == 0) break;
  }
  return text;
}

}  // namespace

TEST_CASE("regular expression: thousands of random ones match what std::regex says") {
  std::mt19937 random(1);
  std::size_t n_matched = 0, n_tried = 0, n_too_large = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto pattern = random_pattern(random, 2);
    INFO(pattern);
    const std::regex reference(pattern);
    std::optional<ByteAutomaton> made;
    try {
      made.emplace(parse_regular_expression(pattern));
    } catch (const OptionError& error) {
      CHECK_THAT(error.what(), contains("the constraint is too large"));
      ++n_too_large;
      continue;
    }
    const ByteAutomaton& automaton = *made;
    for (int i = 0; i < 12; ++i) {
      const auto text = i % 2 == 0 ? random_text(random) : walk(automaton, random);
      const bool is_match = std::regex_match(text, reference);
      ++n_tried;
      if (is_match) ++n_matched;
      if (automaton.is_accepting(automaton.next(ByteAutomaton::kStart, text)) == is_match) continue;
      INFO("text: " << text);
      CHECK(is_match != is_match);  // tells both
    }
  }
  CHECK(n_too_large < 10);
  CHECK(n_matched > n_tried / 10);
  CHECK(n_matched < n_tried * 9 / 10);
}

TEST_CASE("regular expression: of a part of the text unless anchors say otherwise") {
  std::mt19937 random(2);
  for (int round = 0; round < 600; ++round) {
    auto pattern = random_pattern(random, 1);
    if (round % 2 == 0) pattern = "(" + pattern + ")";
    if (round % 3 == 0) pattern = "^" + pattern;
    if (round % 5 == 0) pattern += "$";
    INFO(pattern);
    const std::regex reference(pattern);
    const ByteAutomaton automaton(parse_regular_expression(pattern, {.is_search = true}));
    for (int i = 0; i < 12; ++i) {
      const auto text = random_text(random);
      // There an anchor may also stand at a line break.
      if (text.find('\n') != std::string::npos) continue;
      INFO("text: " << text);
      CHECK(automaton.is_accepting(automaton.next(ByteAutomaton::kStart, text)) ==
            std::regex_search(text, reference));
    }
  }
}

TEST_CASE("regular expression: characters are those of Unicode, not bytes") {
  CHECK(accepts(".{3}", "aé😀"));
  CHECK_FALSE(accepts(".{3}", "aé"));
  CHECK_FALSE(accepts(".", "\xC3"));
  CHECK(accepts("[à-ü]+", "éèê"));
  CHECK_FALSE(accepts("[à-ü]+", "e"));
  CHECK(accepts("[^a]", "😀"));
  CHECK(accepts("é*", ""));
  CHECK(accepts("é{2}", "éé"));
  CHECK(accepts(R"(\u00e9\u{1F600}\uD83D\uDE00)", "é😀😀"));
  CHECK(accepts(R"([\u{1F600}-\u{1F64F}])", "🙂"));
  CHECK(accepts(R"(\s)", "\u2003"));
  CHECK_FALSE(accepts(R"(\S)", "\u00a0"));
  CHECK_FALSE(accepts(".", "\u2028"));
  CHECK(accepts(R"([^])", "\n"));
  CHECK(accepts(R"(\w)", "_"));
  CHECK_FALSE(accepts(R"(\w)", "é"));
  CHECK(accepts(R"([\b\t])", "\b"));
}

TEST_CASE("regular expression: anchors and lazy quantifiers change nothing about the whole text") {
  CHECK(accepts("^ab$", "ab"));
  CHECK(accepts("^a|b$", "b"));
  CHECK(accepts("^a|b$", "a"));
  CHECK_FALSE(accepts("^a|b$", "ab"));
  CHECK(accepts("a+?b??", "aa"));
  CHECK(accepts("", ""));
  CHECK(accepts("a|", ""));
  CHECK(accepts("()", ""));
  CHECK(accepts("(a|){3}", "aa"));
  CHECK(accepts("a{0}b", "b"));
}

TEST_CASE("regular expression: what is not supported or wrong is refused with its place") {
  const auto error = [](const std::string& pattern) {
    return option_error([&] { parse_regular_expression(pattern); });
  };
  const std::string name = "the regular expression ";
  CHECK(error("a(b") == name + "\"a(b\" at byte 1: \"(b\" is not closed");
  CHECK(error("ab)") == name + "\"ab)\" at byte 2: \")\" closes nothing");
  CHECK(error("é*+") == name + "\"é*+\" at byte 3: \"+\" repeats nothing");
  CHECK(error("|*") == name + "\"|*\" at byte 1: \"*\" repeats nothing");
  CHECK(error("[ab") == name + "\"[ab\" at byte 0: \"[ab\" is not closed");
  CHECK(error("[]") == name + "\"[]\" at byte 0: \"[]\" has no character");
  CHECK(error(R"([^\s\S])") == name + R"("[^\s\S]" at byte 0: "[^\s\S]" has no character)");
  CHECK(error("[b-a]") == name + "\"[b-a]\" at byte 1: \"b-a]\" is a range in the wrong order");
  CHECK(error("[\\d-a]") ==
        name + "\"[\\d-a]\" at byte 1: \"\\d-a]\" is a range of which an end is no character");
  CHECK(error("a{2") == name + "\"a{2\" at byte 1: \"{2\" is no number of repetitions");
  CHECK(error("a{,2}") == name + "\"a{,2}\" at byte 1: \"{,2}\" is no number of repetitions");
  CHECK(error("a{3,2}") ==
        name + "\"a{3,2}\" at byte 1: \"{3,2}\" has its numbers in the wrong order");
  CHECK(error("a{100001}") ==
        name + "\"a{100001}\" at byte 1: \"{100001}\" is more than 100000 repetitions");
  CHECK(error("a{99999999999999999999}") ==
        name + "\"a{99999999999999999999}\" at byte 1: " +
            "\"{99999999999…\" is more than 100000 repetitions");
  CHECK(error("}") == name + "\"}\" at byte 0: \"}\" must have a \\ in front to stand for itself");
  CHECK(error("a^") == name +
                           "\"a^\" at byte 1: \"^\" stands neither at the beginning nor at the " +
                           "end of the whole pattern");
  CHECK(error("(a$)") == name +
                             "\"(a$)\" at byte 2: \"$)\" stands neither at the beginning nor at " +
                             "the end of the whole pattern");
  CHECK(error("$a") == name + "\"$a\" at byte 1: \"a\" stands behind the end, $");
  for (const auto* group : {"(?=a)", "(?!a)", "(?<=a)", "(?<n>a)", "(?i:a)"}) {
    CHECK_THAT(error(group), contains("is a group that is not supported"));
  }
  for (const auto* escape : {"\\1", "\\b", "\\B", "\\p{L}", "\\k<n>", "\\c", "\\0", "\\é", "\\a"}) {
    CHECK_THAT(error(escape), contains("is an escape that is not supported"));
  }
  CHECK(error("a\\") == name + "\"a\\\" at byte 2: its end comes too early");
  CHECK(error("\\x1") == name + "\"\\x1\" at byte 0: \"\\x1\" is no hexadecimal number");
  CHECK(error("\\u{110000}") ==
        name + "\"\\u{110000}\" at byte 0: \"\\u{110000}\" is no character");
  CHECK(error("\\uD800") == name + "\"\\uD800\" at byte 0: \"\\uD800\" is half a character");
  CHECK(error("\\uD800\\u0041") ==
        name + "\"\\uD800\\u0041\" at byte 0: \"\\uD800\\u0041\" is half a character");
  CHECK(error("\xFF") == name + "\"\\xff\" at byte 0: \"\\xff\" is not UTF-8");
  CHECK_THAT(error(std::string(200, '(') + std::string(200, ')')),
             contains("at byte 100: \"((((((((((((…\" is more than 100 groups deep"));
  CHECK(error(std::string(70'000, 'a')) == name + "has 70000 bytes, must have at most 65536");
}
