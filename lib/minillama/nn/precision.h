#pragma once

#include <string_view>

#include <torch/torch.h>

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

/// While it lives, this thread computes matrix products on `device` in `precision`. On CUDA that is
/// LibTorch's autocast; on the CPU it is apply_linear() (nn/linear.h) that looks here.
class PrecisionScope {
 public:
  /// Throws OptionError if it is bfloat16 and the processor has no instructions for it.
  PrecisionScope(Precision precision, torch::Device device);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

 private:
  Precision before_;
  bool on_cuda_;
};

/// What the innermost scope on this thread says about products on the CPU; float32 outside of any.
Precision cpu_precision();

}  // namespace minillama
