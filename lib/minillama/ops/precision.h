#pragma once

#include <string_view>

#include <torch/types.h>

namespace minillama {

/// The type in which matrix products are computed. Parameters, statistics, softmax and losses are
/// float32 either way.
enum class Precision {
  float32,
  bfloat16,  ///< mixed precision (Micikevicius et al. 2018, arXiv:1710.03740): factors and results
             ///< of products are rounded to bfloat16, sums are float32
};

std::string_view to_string(Precision precision);
/// "f32" or "bf16"; throws OptionError on any other text.
Precision precision_named(std::string_view text);

/// While it lives, this thread computes matrix products on devices of the type of `device` in
/// `precision`. It is apply_linear() (ops/linear.h) that looks here, and the layers take bfloat16
/// as it comes: the roundings are the same on every device. (LibTorch's autocast rounds elsewhere
/// too, such as in the head of a classifier, and keeps rounded weights that an optimizer has
/// changed since.)
class PrecisionScope {
 public:
  /// Throws OptionError if it is bfloat16 on a processor that has no instructions for it.
  PrecisionScope(Precision precision, torch::Device device);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

 private:
  Precision before_;
  bool on_cpu_;
};

/// What the innermost scope of this thread for devices like `device` says about products there;
/// float32 outside of any.
Precision precision_on(torch::Device device);

}  // namespace minillama
