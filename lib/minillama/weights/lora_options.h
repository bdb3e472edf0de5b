#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/weights/adapter_options.h"

namespace minillama {

struct AdapterKind;

/// With what A and B begin.
enum class LoraInit {
  normal,  ///< A ~ normal(0, 0.02), B = 0
  /// The r largest singular values of W = U S V^T, s B A = U_r S_r V_r^T, so that they, and not
  /// noise, are trained (Meng, Wang and Zhang 2024, arXiv:2404.02948, section 3). What is adapted
  /// is the residual W - s B A of the values that they begin with.
  pissa,
};

/// "normal" or "pissa"; throws OptionError on any other text.
LoraInit lora_init(std::string_view text);
std::string_view to_string(LoraInit init);

/// Size and place of a low-rank adapter (Hu et al. 2021, arXiv:2106.09685), which adds
///
///     s B A,   s = alpha / r   or, rank-stabilised, alpha / sqrt(r)
///
/// to the matrix W [rows, cols] of a linear.
struct LoraOptions {
  static constexpr std::string_view kKind = "lora";

  std::int64_t rank = 8;  ///< r, at least 1
  double alpha = 16;      ///< by which, divided by the rank or its root, the output is multiplied
  double dropout = 0;     ///< probability of dropping an input of the adapter, in [0, 1)
  /// The linears that get one, by their name or its end: "w1", "attention.compute_query",
  /// "layers.3.feed_forward.w2".
  std::vector<std::string> targets = {"compute_query", "compute_key", "compute_value",
                                      "compute_output"};
  /// s = alpha / sqrt(r), by which neither output nor gradient vanishes at large ranks
  /// (Kalajdzievski 2023, arXiv:2312.03732, theorem 3.2).
  bool rank_stabilized = false;
  /// Other ranks and alphas of some targets, by their name or its end; the longest counts.
  std::map<std::string, std::int64_t> ranks = {};
  std::map<std::string, double> alphas = {};
  LoraInit init = LoraInit::normal;

  /// r, alpha and s of the linear of that full name.
  std::int64_t rank_of(std::string_view linear) const;
  double alpha_of(std::string_view linear) const;
  double scale_of(std::string_view linear) const;

  /// What an adapter is stored as that began with pissa: one of twice the rank and the same scale,
  /// A beside what it began with, which is taken from the weight that nobody has changed.
  LoraOptions as_stored() const;

  /// Throws OptionError naming the field and the value if one cannot be used.
  void validate() const;

  /// A, "lora_A" [r, cols], and B, "lora_B" [rows, r].
  std::vector<AdapterTensor> tensors(std::string_view linear) const;

  /// Those that have a rank or alpha of their own.
  std::vector<std::string> exceptions() const;

  /// B A and its scale.
  LowRank low_rank(std::string_view linear, const AdapterFloats& floats) const;

  bool operator==(const LoraOptions&) const = default;
};

/// The row of the table of kinds (weights/adapter_kinds.h).
extern const AdapterKind kLora;

}  // namespace minillama
