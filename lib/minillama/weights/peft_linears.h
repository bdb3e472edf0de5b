#pragma once

// Not part of the public interface: what PEFT says of some of the linears of an adapter.

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/core/json.h"
#include "minillama/text/pattern.h"

namespace minillama {

/// A linear that has an adapter.
struct PeftLinear {
  std::string name;       ///< "layers.0.attention.compute_query"
  std::string peft_name;  ///< "model.layers.0.self_attn.q_proj"
};

using PeftLinears = std::span<const PeftLinear>;

/// Values for the linears whose names end as a regular expression says, the first that does:
/// {"q_proj": 4, "model\\.layers\\.1\\..*": 8}, PEFT's rank_pattern and alpha_pattern.
class PeftPatterns {
 public:
  /// `patterns` is an object or null. Throws FileError naming `path` if a key is no regular
  /// expression that is known here (text/pattern.h).
  PeftPatterns(const Json& patterns, const std::filesystem::path& path);

  /// The key that stands for the linear of that name; empty if none does.
  std::optional<std::string> find(std::string_view peft_name) const;

 private:
  std::vector<std::pair<std::string, Pattern>> patterns_;
};

/// `values` of linears by their full names -> by the ends of the names ("q_proj") where all linears
/// of that end have one value, else by full names; those that are `otherwise` are left out.
template <typename Value>
std::map<std::string, Value> by_shortest_name(const std::map<std::string, Value>& values,
                                              const Value& otherwise) {
  const auto end_of = [](const std::string& name) { return name.substr(name.rfind('.') + 1); };
  std::map<std::string, std::optional<Value>> of_ends;  // empty: several
  for (const auto& [name, value] : values) {
    const auto [found, is_new] = of_ends.emplace(end_of(name), value);
    if (!is_new && found->second != value) found->second.reset();
  }
  std::map<std::string, Value> shortest;
  for (const auto& [name, value] : values) {
    const auto end = end_of(name);
    if (value != otherwise) shortest.emplace(of_ends.at(end) ? end : name, value);
  }
  return shortest;
}

}  // namespace minillama
