#pragma once

// Not part of the public interface: the texts of JSON's values (RFC 8259). A space may stand behind
// `,` and `:`, and nowhere else.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "minillama/core/json.h"
#include "minillama/grammar/language.h"

namespace minillama {

/// A character of a set as it stands in a string: with a \ where JSON needs one. Control characters
/// without a short escape, as \u0001, are left out where the set has others.
Language json_character(CharacterSet set);

/// A string with texts of characters in it that json_character() wrote.
Language json_string(const Language& characters);

/// Any string of so many characters.
Language json_string(std::size_t least, std::optional<std::size_t> most);

/// Of at most 18 digits, so that it fits into 64 bits; from `least` to `most`, inclusive.
Language json_integer(std::int64_t least, std::int64_t most);
constexpr std::int64_t kLargestJsonInteger = 999'999'999'999'999'999;

/// Of at most 15 digits in front of the point and 15 behind it, and an exponent of at most two, so
/// that it is finite.
Language json_number();

/// One value, as it is given.
Language json_value(const Json& value);

struct JsonProperty {
  std::string_view name;
  Language value;
  bool is_required;
};

/// An object of these properties, in this order.
Language json_object(const std::vector<JsonProperty>& properties);

/// An object of any names.
Language json_object(const Language& value);

Language json_array(const Language& item, std::size_t least, std::optional<std::size_t> most);

/// Any value, with arrays and objects at most `depth` deep in each other.
Language any_json(std::size_t depth);

/// How deep in each other values are of which nothing else is said.
constexpr std::size_t kAnyDepth = 3;

}  // namespace minillama
