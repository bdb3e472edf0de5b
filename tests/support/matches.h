#pragma once

#include <cstddef>
#include <iterator>
#include <regex>
#include <string>

namespace minillama::test {

/// How often the regular expression `pattern` matches in `text`.
inline std::ptrdiff_t n_matches(const std::string& text, const std::string& pattern) {
  const std::regex compiled(pattern);
  return std::distance(std::sregex_iterator(text.begin(), text.end(), compiled), {});
}

}  // namespace minillama::test
