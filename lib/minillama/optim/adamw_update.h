#pragma once

#include <cstdint>

#include <torch/torch.h>

#include "minillama/optim/adamw.h"

namespace minillama {

/// Step number `step` (from 1) of AdamW for one parameter, in place: see AdamWVariant. `grad` is
/// multiplied with `grad_scale` first. All tensors have the parameter's shape; the moments `m` and
/// `v` are float32 where the parameter is float16 or bfloat16, else of its type.
///
/// The one place that chooses between the fused kernel (contiguous float32 or float64 on the CPU)
/// and tensor operations (everything else). Call it with gradients switched off.
void adamw_update(const AdamWOptions& options, std::int64_t step, double grad_scale,
                  const torch::Tensor& parameter, const torch::Tensor& grad, const torch::Tensor& m,
                  const torch::Tensor& v);

}  // namespace minillama
