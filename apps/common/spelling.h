#pragma once

#include <string_view>

namespace minillama::app {

/// How many characters must be put in, taken out or changed to make one word of the other
/// (Levenshtein 1965).
std::size_t edit_distance(std::string_view from, std::string_view to);

/// Whether `word` may be `known` with a slip of the finger.
bool is_slip_of(std::string_view word, std::string_view known);

}  // namespace minillama::app
