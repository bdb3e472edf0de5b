#pragma once

#include <sstream>
#include <string>
#include <vector>

namespace minillama::app {

/// "a,b" -> "a", "b"
inline std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

}  // namespace minillama::app
