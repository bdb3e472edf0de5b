#pragma once

// Not part of the public interface: how arguments are checked.

#include <concepts>
#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

/// Throws unless `holds`: "<name> is <value>, must <rule>".
template <typename Value>
void require(bool holds, std::string_view name, const Value& value, std::string_view rule) {
  if (!holds) throw OptionError(fmt::format("{} is {}, must {}", name, value, rule));
}

/// Throws unless 0 <= value < end.
template <std::integral Value, std::integral End>
void require_below(Value value, std::string_view name, End end) {
  if (std::cmp_greater_equal(value, 0) && std::cmp_less(value, end)) return;
  throw OptionError(fmt::format("{} is {}, must be at least 0 and less than {}", name, value, end));
}

}  // namespace minillama
