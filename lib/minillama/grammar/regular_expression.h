#pragma once

// Not part of the public interface.

#include <string_view>

#include "minillama/grammar/language.h"

namespace minillama {

/// How the texts of a regular expression are meant.
struct PatternReading {
  /// How errors call it.
  std::string_view name = "the regular expression";
  /// Whether it describes a part of the text, as without `^` in front or `$` at the end; else it is
  /// the whole.
  bool is_search = false;
  /// How a character of a set is written. The set is not empty.
  Language (*character)(CharacterSet set) = one_of;
};

/// The texts that a regular expression of ECMAScript's, with flag u, describes: those of its parts
/// that docs/constrained.md lists. Whatever else a pattern has is refused. Throws OptionError
/// naming the byte.
Language parse_regular_expression(std::string_view pattern, const PatternReading& reading = {});

}  // namespace minillama
