#include "minillama/weights/peft_linears.h"

#include <fmt/format.h>

namespace minillama {

PeftPatterns::PeftPatterns(const Json& patterns, const std::filesystem::path& path) {
  for (const auto& [key, unused] : patterns.items()) {
    const auto whole = fmt::format("\\A(?:.*\\.)?(?:{})\\z", key);
    patterns_.emplace_back(key, Pattern({.text = whole, .is_regex = true}, path));
  }
}

std::optional<std::string> PeftPatterns::find(std::string_view peft_name) const {
  std::vector<TextSpan> matches;
  for (const auto& [key, pattern] : patterns_) {
    pattern.find_all(peft_name, matches);
    if (!matches.empty()) return key;
  }
  return {};
}

}  // namespace minillama
