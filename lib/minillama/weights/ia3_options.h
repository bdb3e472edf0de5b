#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/weights/adapter_options.h"

namespace minillama {

struct AdapterKind;

/// Infused adapters by inhibiting and amplifying inner activations, (IA)^3 (Liu et al. 2022,
/// arXiv:2205.05638, section 3.3): a factor for each output of a linear, l (W x + b), or for each
/// input, W (l x) + b.
struct Ia3Options {
  static constexpr std::string_view kKind = "ia3";

  /// The linears that get factors, by their name or its end: keys, values, and what lies between
  /// the two products of the feed-forward network, as in the paper.
  std::vector<std::string> targets = {"compute_key", "compute_value", "w2"};
  /// Those of them whose input has the factors; all others' output has.
  std::vector<std::string> inputs = {"w2"};

  bool scales_input(std::string_view linear) const;

  /// Throws OptionError if there is no target.
  void validate() const;

  /// l, "ia3_l" [rows] or, of an input, [cols].
  std::vector<AdapterTensor> tensors(std::string_view linear) const;

  void merge(std::string_view linear, const AdapterFloats& floats, const DenseMatrix& matrix) const;

  bool operator==(const Ia3Options&) const = default;
};

/// The row of the table of kinds (weights/adapter_kinds.h).
extern const AdapterKind kIa3;

}  // namespace minillama
