#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace minillama {

/// Whether `name` is the full name of a linear, "layers.3.feed_forward.w2", or what follows one of
/// its dots: "w2", "feed_forward.w2".
bool names_linear(std::string_view name, std::string_view full_name);

/// Of `values` by such names, that of the longest which names the linear; `otherwise` if none does.
template <typename Value>
Value value_for(std::string_view full_name, const std::map<std::string, Value>& values,
                Value otherwise) {
  std::size_t longest = 0;
  for (const auto& [name, value] : values) {
    if (name.size() < longest || !names_linear(name, full_name)) continue;
    longest = name.size();
    otherwise = value;
  }
  return otherwise;
}

}  // namespace minillama
