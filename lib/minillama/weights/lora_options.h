#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace minillama {

/// Size and place of a low-rank adapter.
struct LoraOptions {
  std::int64_t rank = 8;  ///< r, at least 1
  double alpha = 16;      ///< the adapter's output is multiplied with alpha / r
  double dropout = 0;     ///< probability of dropping an input of the adapter, in [0, 1)
  /// The linears that get one, by their name or its end: "w1", "attention.compute_query",
  /// "layers.3.feed_forward.w2".
  std::vector<std::string> targets = {"compute_query", "compute_key", "compute_value",
                                      "compute_output"};

  /// Throws OptionError naming the field and the value if one cannot be used.
  void validate() const;

  bool operator==(const LoraOptions&) const = default;
};

/// Whether `target` is the full name of a linear or what follows one of its dots.
bool names_linear(std::string_view target, std::string_view full_name);

/// Whether a parameter of that name belongs to an adapter.
bool is_adapter_parameter(std::string_view name);

}  // namespace minillama
