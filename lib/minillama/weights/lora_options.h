#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/weights/adapter_options.h"

namespace minillama {

struct AdapterKind;

/// Size and place of a low-rank adapter (Hu et al. 2021, arXiv:2106.09685), which adds
///
///     (alpha / r) B A
///
/// to the matrix W [rows, cols] of a linear.
struct LoraOptions {
  static constexpr std::string_view kKind = "lora";

  std::int64_t rank = 8;  ///< r, at least 1
  double alpha = 16;      ///< the adapter's output is multiplied with alpha / r
  double dropout = 0;     ///< probability of dropping an input of the adapter, in [0, 1)
  /// The linears that get one, by their name or its end: "w1", "attention.compute_query",
  /// "layers.3.feed_forward.w2".
  std::vector<std::string> targets = {"compute_query", "compute_key", "compute_value",
                                      "compute_output"};

  /// alpha / r
  double scale() const { return alpha / static_cast<double>(rank); }

  /// Throws OptionError naming the field and the value if one cannot be used.
  void validate() const;

  /// A, "lora_A" [r, cols], and B, "lora_B" [rows, r].
  std::vector<AdapterTensor> tensors() const;

  /// B A and its scale.
  LowRank low_rank(const AdapterFloats& floats) const;

  bool operator==(const LoraOptions&) const = default;
};

/// The row of the table of kinds (weights/adapter_kinds.h).
extern const AdapterKind kLora;

}  // namespace minillama
