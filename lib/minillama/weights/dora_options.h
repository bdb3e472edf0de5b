#pragma once

#include <string_view>
#include <vector>

#include "minillama/weights/lora_options.h"

namespace minillama {

/// Weight-decomposed low-rank adaptation (Liu et al. 2024, arXiv:2402.09353, equation 5), which
/// makes the matrix W [rows, cols] of a linear
///
///     m (W + s B A) / ||W + s B A||
///
/// row by row: the directions of the rows are W's and LoRA's, their lengths are m's. (The paper
/// writes W transposed, whose columns these are.) The fields are LoRA's: {{.rank = 4}}.
struct DoraOptions : LoraOptions {
  static constexpr std::string_view kKind = "dora";

  /// As LoraOptions::validate(); A begins as normal.
  void validate() const;

  /// A, B and m, "lora_magnitude_vector" [rows].
  std::vector<AdapterTensor> tensors(std::string_view linear) const;

  void merge(std::string_view linear, const AdapterFloats& floats, const DenseMatrix& matrix) const;

  bool operator==(const DoraOptions&) const = default;
};

/// The row of the table of kinds (weights/adapter_kinds.h).
extern const AdapterKind kDora;

}  // namespace minillama
