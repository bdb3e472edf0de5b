// Languages as automata: characters of UTF-8, repetitions and lists, and what is too large.

#include "minillama/grammar/byte_automaton.h"

#include <random>

#include "minillama/grammar/regular_expression.h"

#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;
using test::option_error;

namespace {

bool accepts(const ByteAutomaton& automaton, std::string_view text) {
  return automaton.is_accepting(automaton.next(ByteAutomaton::kStart, text));
}

bool accepts(const Language& language, std::string_view text) {
  return accepts(ByteAutomaton(language), text);
}

/// The bytes that a code point of at most so many bits has in UTF-8, whatever it is.
std::string encoded(std::uint32_t c) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
  if (c < 0x10000) {
    return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
  }
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)),
          byte(0x80 | (c & 0x3F))};
}

CharacterSet random_set(std::mt19937& random) {
  CharacterSet set;
  for (int i = 0; i < 3; ++i) {
    // As often short as long ones, near where lengths change.
    const std::uint32_t place = (std::uint32_t{0x40} << random() % 15) + random() % 100;
    const std::uint32_t first = std::min<std::uint32_t>(place, 0x10FF00);
    const std::uint32_t size = random() % 4 == 0 ? random() % 0x10000 : random() % 80;
    set.add({first, std::min<std::uint32_t>(first + size, 0x10FFFF)});
  }
  return set;
}

bool is_surrogate(std::uint32_t c) {
  return c >= 0xD800 && c <= 0xDFFF;
}

}  // namespace

TEST_CASE("automaton: of a set of characters it reads each one's UTF-8, and nothing else") {
  std::mt19937 random(1);
  for (int round = 0; round < 12; ++round) {
    const auto set = round == 0 ? CharacterSet::all() : random_set(random);
    const ByteAutomaton automaton(one_of(set));
    std::size_t n_wrong = 0;
    for (std::uint32_t c = 0; c < 0x110000 + 0x1000; ++c) {
      const bool is_in = set.contains(c) && !is_surrogate(c);
      if (accepts(automaton, encoded(c)) != is_in) ++n_wrong;
    }
    CHECK(n_wrong == 0);
    CHECK_FALSE(accepts(automaton, ""));
    for (const auto* bytes : {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xF0\x80\x80\x80",
                              "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\x80", "\xC3"}) {
      CHECK_FALSE(accepts(automaton, bytes));
    }
  }
}

TEST_CASE("automaton: sets of characters are joined, and turned into what is not in them") {
  std::mt19937 random(2);
  for (int round = 0; round < 50; ++round) {
    const auto a = random_set(random), b = random_set(random);
    auto both = a;
    both.add(b);
    const auto rest = a.without(b), not_a = a.complement();
    for (int i = 0; i < 2000; ++i) {
      const std::uint32_t c = (std::uint32_t{0x40} << random() % 15) % 0x110000 + random() % 0x1000;
      if (c > 0x10FFFF || is_surrogate(c)) continue;
      CHECK(both.contains(c) == (a.contains(c) || b.contains(c)));
      CHECK(rest.contains(c) == (a.contains(c) && !b.contains(c)));
      CHECK(not_a.contains(c) == !a.contains(c));
    }
    for (std::size_t i = 1; i < both.ranges().size(); ++i) {
      CHECK(both.ranges()[i].first > both.ranges()[i - 1].last + 1);
    }
  }
}

TEST_CASE("automaton: repetitions count, with separators between two") {
  const auto language = repeated(literal("ab"), 2, 4, literal(", "));
  for (std::size_t n = 0; n < 7; ++n) {
    std::string text;
    for (std::size_t i = 0; i < n; ++i) text += i == 0 ? "ab" : ", ab";
    INFO(text);
    CHECK(accepts(language, text) == (n >= 2 && n <= 4));
    CHECK(accepts(repeated(literal("ab"), 2, std::nullopt, literal(", ")), text) == (n >= 2));
    CHECK(accepts(repeated(literal("ab"), 0, std::nullopt, literal(", ")), text));
    CHECK(accepts(repeated(literal("ab"), 0, 0, literal(", ")), text) == (n == 0));
    CHECK_FALSE(accepts(language, text + ", "));
  }
}

TEST_CASE("automaton: of a list's items those that are not required may be missing") {
  for (unsigned required = 0; required < 16; ++required) {
    std::vector<ItemList::Item> items;
    for (unsigned i = 0; i < 4; ++i) {
      items.push_back(
          {literal(std::string(1, static_cast<char>('a' + i))), (required >> i & 1) != 0});
    }
    const ByteAutomaton automaton(list_of(items, literal(",")));
    for (unsigned written = 0; written < 16; ++written) {
      std::string text;
      for (unsigned i = 0; i < 4; ++i) {
        if ((written >> i & 1) == 0) continue;
        if (!text.empty()) text += ',';
        text += static_cast<char>('a' + i);
      }
      INFO(required << " " << text);
      CHECK(accepts(automaton, text) == ((required & ~written) == 0));
      CHECK_FALSE(accepts(automaton, text + ","));
      CHECK_FALSE(accepts(automaton, "," + text));
    }
    CHECK_FALSE(accepts(automaton, "b,a"));
  }
}

TEST_CASE("automaton: languages that would take too long are refused, whatever makes them large") {
  for (const auto* pattern : {"(a{1000}){1000}", "((){1000}){1000}", "(((){0,1000}){0,1000}){1000}",
                              "(a{100000}){0,2}", "(.*a.{2000}){60}", "(\\w{0,300} ?){0,300}!"}) {
    INFO(pattern);
    const auto message = option_error([&] { ByteAutomaton(parse_regular_expression(pattern)); });
    CHECK_THAT(message, contains("the constraint is too large: it takes more than 131072 states"));
  }
  // One state becomes as many as there are sets of others.
  CHECK_THAT(option_error([] { ByteAutomaton(parse_regular_expression("[ab]*a[ab]{20}")); }),
             contains("the constraint is too large: to be made deterministic it takes more than "
                      "65536 states"));
  CHECK_THAT(option_error([] { ByteAutomaton(parse_regular_expression("(a?){5000}a{5000}")); }),
             contains("the constraint is too large: to be made deterministic it takes more than"));
  CHECK(ByteAutomaton(parse_regular_expression("[ab]*a[ab]{10}")).size() > 1024);
}
