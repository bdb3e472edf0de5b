#pragma once

// Not part of the interface of kernels/: scales of blocks that make the squared error of the
// numbers small. For given codes the best scale is that of least squares; the codes are those that
// some scales near the obvious one would choose, and the best of these pairs is taken.

#include "minillama/kernels/blocks/block.h"

namespace minillama::kernels {

/// x ~ scale * code - minimum, where neither is negative.
struct FitBetween {
  float scale = 0;
  float minimum = 0;
};

inline FitBetween fit_between(const float* x, std::size_t size, int largest) {
  const Range range = range_of(x, size);
  const float lowest = std::min(range.lowest, 0.0F), width = range.highest - lowest;
  if (!(width > 0)) return {.scale = 0, .minimum = -lowest};
  const auto n = static_cast<float>(size);
  FitBetween best{.scale = width / static_cast<float>(largest), .minimum = -lowest};
  float least = -1;
  constexpr int kTries = 20;
  for (int i = 0; i <= kTries; ++i) {
    const float inverse = (static_cast<float>(largest) - 1 + 0.1F * static_cast<float>(i)) / width;
    float sum_l = 0, sum_ll = 0, sum_x = 0, sum_xl = 0, sum_xx = 0;
    for (std::size_t k = 0; k < size; ++k) {
      const auto l = static_cast<float>(nearest_code((x[k] - lowest) * inverse, largest));
      sum_l += l;
      sum_ll += l * l;
      sum_x += x[k];
      sum_xl += x[k] * l;
      sum_xx += x[k] * x[k];
    }
    const float determinant = n * sum_ll - sum_l * sum_l;
    if (!(determinant > 0)) continue;
    FitBetween fit{.scale = (n * sum_xl - sum_x * sum_l) / determinant,
                   .minimum = -(sum_ll * sum_x - sum_l * sum_xl) / determinant};
    if (fit.minimum < 0) fit = {.scale = sum_xl / sum_ll, .minimum = 0};
    const auto& [s, m] = fit;
    const float error =
        sum_xx + s * s * sum_ll + n * m * m - 2 * (s * sum_xl - m * sum_x + s * m * sum_l);
    if (least >= 0 && error >= least) continue;
    least = error;
    best = fit;
  }
  return best;
}

/// x ~ scale * (code - offset), for codes from 0 to 2 * offset - 1.
inline float fit_signed(const float* x, std::size_t size, int offset) {
  const Range range = range_of(x, size);
  if (range.extreme == 0) return 0;
  float best = 0, best_gain = 0;
  constexpr int kTries = 9;
  for (int i = -kTries; i <= kTries; ++i) {
    const float inverse =
        -(static_cast<float>(offset) + 0.1F * static_cast<float>(i)) / range.extreme;
    float sum_ll = 0, sum_xl = 0;
    for (std::size_t k = 0; k < size; ++k) {
      const auto code = nearest_code(x[k] * inverse + static_cast<float>(offset), 2 * offset - 1);
      const auto l = static_cast<float>(code - offset);
      sum_ll += l * l;
      sum_xl += x[k] * l;
    }
    // What is left of the squares is less by <x, l>^2 / <l, l>.
    if (!(sum_ll > 0) || sum_xl * sum_xl <= best_gain * sum_ll) continue;
    best_gain = sum_xl * sum_xl / sum_ll;
    best = sum_xl / sum_ll;
  }
  return best;
}

}  // namespace minillama::kernels
