#pragma once

// Not part of the public interface: the arithmetic of AdamW.

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "minillama/optim/adamw.h"

namespace minillama {

/// One step for one parameter. All tensors have the parameter's shape; the moments are float32
/// where the parameter is float16 or bfloat16, else of its type.
struct AdamWUpdate {
  AdamWOptions options;
  std::int64_t step;  ///< t, from 1
  double grad_scale;  ///< what the gradient is multiplied with first
  torch::Tensor parameter;
  torch::Tensor grad;
  torch::Tensor m;
  torch::Tensor v;
};

/// Carries out all updates in place: see AdamWVariant for the formulas.
///
/// The one place that chooses between the fused kernel (contiguous float32 or float64 on the CPU)
/// and tensor operations (everything else). Call it with gradients switched off.
void adamw_update(const std::vector<AdamWUpdate>& updates);

}  // namespace minillama
