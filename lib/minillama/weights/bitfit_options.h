#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "minillama/weights/adapter_options.h"

namespace minillama {

struct AdapterKind;

/// BitFit (Ben Zaken et al. 2022, arXiv:2106.10199): biases alone are trained. As the linears of a
/// Llama have none, what is trained is one that is added to the linear's own or to nothing,
/// W x + b + c.
struct BitfitOptions {
  static constexpr std::string_view kKind = "bitfit";

  /// The linears that get a bias, by their name or its end: all of them, as in the paper, which
  /// trains the biases of norms as well. A Llama's norms have none.
  std::vector<std::string> targets = {
      "compute_query", "compute_key", "compute_value", "compute_output", "w1", "w2", "w3"};

  /// Throws OptionError if there is no target.
  void validate() const;

  /// c, "bitfit_bias" [rows].
  std::vector<AdapterTensor> tensors(std::string_view linear) const;

  const float* added_bias(std::string_view linear, const AdapterFloats& floats) const;

  bool operator==(const BitfitOptions&) const = default;
};

/// The row of the table of kinds (weights/adapter_kinds.h).
extern const AdapterKind kBitfit;

}  // namespace minillama
