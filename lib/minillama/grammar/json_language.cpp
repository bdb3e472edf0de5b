#include "minillama/grammar/json_language.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "minillama/grammar/regular_expression.h"

namespace minillama {
namespace {

/// The characters that have a short escape, and its letter.
constexpr std::pair<char, char> kEscapes[] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                              {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};

Language spaced(std::string_view mark) {
  return in_sequence({literal(mark), repeated(literal(" "), 0, 1)});
}

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::strict);
}

/// A name, and a value behind it.
Language member(const Language& name, const Language& value) {
  return in_sequence({name, spaced(":"), value});
}

Language enclosed(std::string_view open, const Language& inside, std::string_view close) {
  return in_sequence({literal(open), inside, literal(close)});
}

/// The numbers between two with equally many digits.
Language between(std::string_view least, std::string_view most) {
  const auto digit = [](char first, char last) {
    return one_of({{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)}});
  };
  if (least.empty()) return literal("");
  const auto rest = least.size() - 1;
  const std::string zeros(rest, '0'), nines(rest, '9');
  if (least.substr(1) == zeros && most.substr(1) == nines) {
    return in_sequence({digit(least[0], most[0]), repeated(digit('0', '9'), rest, rest)});
  }
  const auto from = [&](char first, std::string_view low, std::string_view high) {
    return in_sequence({digit(first, first), between(low, high)});
  };
  if (least[0] == most[0]) return from(least[0], least.substr(1), most.substr(1));
  std::vector<Language> all{from(least[0], least.substr(1), nines)};
  if (least[0] + 1 < most[0]) {
    all.push_back(
        in_sequence({digit(static_cast<char>(least[0] + 1), static_cast<char>(most[0] - 1)),
                     repeated(digit('0', '9'), rest, rest)}));
  }
  all.push_back(from(most[0], zeros, most.substr(1)));
  return any_of(std::move(all));
}

/// Those of the numbers from `least` to `most` that are not negative, length by length.
void add_natural(std::int64_t least, std::int64_t most, std::string_view sign,
                 std::vector<Language>& all) {
  std::int64_t low = 0, high = 9;  // of the numbers with so many digits
  while (low <= most) {
    const auto from = std::max(low, least), to = std::min(high, most);
    if (from <= to) {
      all.push_back(
          in_sequence({literal(sign), between(fmt::to_string(from), fmt::to_string(to))}));
    }
    low = high + 1;
    high = high > kLargestJsonInteger / 10 ? kLargestJsonInteger : 10 * high + 9;
    if (low > kLargestJsonInteger) break;
  }
}

}  // namespace

Language json_character(CharacterSet set) {
  static const CharacterSet plain = CharacterSet{{0, 0x1F}, {'"', '"'}, {'\\', '\\'}}.complement();
  std::vector<Language> all;
  const auto unescaped = set.without(plain.complement());
  if (!unescaped.empty()) all.push_back(one_of(unescaped));
  for (const auto& [character, letter] : kEscapes) {
    if (set.contains(static_cast<unsigned char>(character))) {
      all.push_back(literal(std::string{'\\', letter}));
    }
  }
  if (all.empty()) {
    for (std::uint32_t c = 0; c < 0x20; ++c) {
      if (set.contains(c)) all.push_back(literal(fmt::format("\\u{:04x}", c)));
    }
  }
  return any_of(std::move(all));
}

Language json_string(const Language& characters) {
  return enclosed("\"", characters, "\"");
}

Language json_string(std::size_t least, std::optional<std::size_t> most) {
  return json_string(repeated(json_character(CharacterSet::all()), least, most));
}

Language json_integer(std::int64_t least, std::int64_t most) {
  std::vector<Language> all;
  if (least < 0) add_natural(std::max<std::int64_t>(1, -most), -least, "-", all);
  if (most >= 0) add_natural(std::max<std::int64_t>(0, least), most, "", all);
  return any_of(std::move(all));
}

Language json_number() {
  return parse_regular_expression(R"(-?(0|[1-9]\d{0,14})(\.\d{1,15})?([eE][+\-]?\d{1,2})?)");
}

Language json_value(const Json& value) {
  return literal(text_of(value));
}

Language json_object(const std::vector<JsonProperty>& properties) {
  std::vector<ItemList::Item> items;
  for (const auto& [name, value, is_required] : properties) {
    items.push_back({member(json_value(std::string(name)), value), is_required});
  }
  return enclosed("{", list_of(std::move(items), spaced(",")), "}");
}

Language json_object(const Language& value) {
  const auto any = member(json_string(0, std::nullopt), value);
  return enclosed("{", repeated(any, 0, std::nullopt, spaced(",")), "}");
}

Language json_array(const Language& item, std::size_t least, std::optional<std::size_t> most) {
  return enclosed("[", repeated(item, least, most, spaced(",")), "]");
}

Language any_json(std::size_t depth) {
  std::vector<Language> all{json_string(0, std::nullopt), json_number(), literal("true"),
                            literal("false"), literal("null")};
  if (depth > 0) {
    const auto inner = any_json(depth - 1);
    all.push_back(json_object(inner));
    all.push_back(json_array(inner, 0, std::nullopt));
  }
  return any_of(std::move(all));
}

}  // namespace minillama
