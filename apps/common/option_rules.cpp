#include "common/option_rules.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

namespace minillama::app {
namespace {

std::optional<double> number_in(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

/// "0" and "0.0" are the same value.
bool same_value(const std::string& a, const std::string& b) {
  return a == b || (number_in(a) && number_in(a) == number_in(b));
}

bool holds(const Arguments& arguments, const std::string& condition) {
  const auto equals = condition.find('=');
  if (equals == std::string::npos) return arguments.given(condition);
  const auto value = arguments.text(condition.substr(0, equals));
  std::istringstream values(condition.substr(equals + 1));
  for (std::string wanted; std::getline(values, wanted, '|');) {
    if (same_value(value, wanted)) return true;
  }
  return false;
}

/// "option=finetune|lora" -> "--option finetune or lora"
std::string in_words(const std::string& condition) {
  std::string words;
  for (const char c : "--" + condition)
    words += c == '=' ? " " : c == '|' ? " or " : std::string(1, c);
  return words;
}

}  // namespace

void check_options(const Arguments& arguments, std::span<const OptionRule> rules) {
  for (const auto& [option, needs, excludes, reason] : rules) {
    if (!arguments.given(option)) continue;
    const auto met = [&](const std::string& condition) { return holds(arguments, condition); };
    if (!needs.empty() && std::ranges::none_of(needs, met)) {
      std::vector<std::string> words;
      std::ranges::transform(needs, std::back_inserter(words), in_words);
      throw OptionError(
          fmt::format("--{} has no effect without {}", option, fmt::join(words, " or ")));
    }
    const auto excluded = std::ranges::find_if(excludes, met);
    if (excluded != excludes.end()) {
      throw OptionError(fmt::format("--{} does not go with {}{}{}", option, in_words(*excluded),
                                    reason.empty() ? "" : ": ", reason));
    }
  }
}

}  // namespace minillama::app
