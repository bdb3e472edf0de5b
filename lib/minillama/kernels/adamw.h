#pragma once

#include <cstddef>

#include "minillama/kernels/dispatch.h"

namespace minillama::kernels {

/// The numbers of one AdamW step; rounded to the type of the arrays before they are used.
struct AdamWScalars {
  double grad_scale = 1;         ///< what the gradient is multiplied with: the clipping coefficient
  double beta1 = 0;              ///< decay of the first moment
  double beta2 = 0;              ///< decay of the second moment
  double decay_before = 0;       ///< part of the parameter taken off before the step
  double step_size = 0;          ///< learning rate with the bias correction of the first moment
  double denominator_scale = 1;  ///< bias correction of sqrt(v)
  double eps = 0;                ///< keeps the denominator from zero
  double decay_after = 0;        ///< part of the parameter taken off after the step
};

/// One step of AdamW over `size` elements in one pass over memory:
///
///     g = grad_scale * grad
///     m = beta1 * m + (1 - beta1) * g
///     v = beta2 * v + (1 - beta2) * g^2
///     p = p - decay_before * p
///     p = p - step_size * m / (sqrt(v) * denominator_scale + eps)
///     p = p - decay_after * p
///
/// The four arrays must not overlap. T is float or double. Every version rounds each operation on
/// its own (no fused multiply-add), so all give the same bits. Denormal numbers count as zero where
/// the processor has such a mode.
/// Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101, Algorithm 2.
template <typename T>
void adamw_step(Isa isa, const AdamWScalars& scalars, std::size_t size, T* p, const T* grad, T* m,
                T* v);

}  // namespace minillama::kernels
