#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/weights/adapter_options.h"

namespace minillama {

struct AdapterKind;

/// Prefix tuning (Li and Liang 2021, arXiv:2101.00190) without a network that makes the prefix:
/// keys and values of n virtual tokens that every sequence attends to, as if these stood before it
/// at the positions 0 … n - 1. They lie beside the linears that make keys and values. Only modules
/// compute it.
struct PrefixOptions {
  static constexpr std::string_view kKind = "prefix";

  std::int64_t n_virtual_tokens = 10;
  /// The linears whose outputs they are, by their name or its end: of keys and of values of the
  /// same layers.
  std::vector<std::string> targets = {"compute_key", "compute_value"};

  /// Throws OptionError naming the field and the value if the number of tokens is not in [1, 65536]
  /// or the targets are not keys and the values that belong to them.
  void validate() const;

  /// "prefix" [rows, n]: a column for each virtual token; of keys after their rotation.
  std::vector<AdapterTensor> tensors(std::string_view linear) const;

  bool operator==(const PrefixOptions&) const = default;
};

/// The row of the table of kinds (weights/adapter_kinds.h).
extern const AdapterKind kPrefix;

}  // namespace minillama
