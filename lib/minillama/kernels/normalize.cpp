#include "minillama/kernels/normalize.h"

#include <cmath>

#include "minillama/kernels/simd.h"

namespace minillama::kernels {
namespace {

template <int Lanes>
MINILLAMA_INLINE float mean(std::size_t size, const float* x) {
  Floats<Lanes> sums = {};
  std::size_t i = 0;
  for (; i + Lanes <= size; i += Lanes) {
    Floats<Lanes> v;
    load<Lanes>(v, x + i);
    sums += v;
  }
  float total = sum<Lanes>(sums);
  for (; i < size; ++i) total += x[i];
  return total / static_cast<float>(size);
}

/// Mean of (x - center)^2.
template <int Lanes>
MINILLAMA_INLINE float mean_square(std::size_t size, const float* x, float center) {
  Floats<Lanes> sums = {};
  std::size_t i = 0;
  for (; i + Lanes <= size; i += Lanes) {
    Floats<Lanes> v;
    load<Lanes>(v, x + i);
    v -= center;
    sums += v * v;
  }
  float total = sum<Lanes>(sums);
  for (; i < size; ++i) total += (x[i] - center) * (x[i] - center);
  return total / static_cast<float>(size);
}

}  // namespace

void layer_norm(Isa isa, std::size_t size, const float* x, const float* gain, const float* bias,
                float eps, float* y) {
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINED {
    const float center = mean<Lanes>(size, x);
    const float scale = 1 / std::sqrt(mean_square<Lanes>(size, x, center) + eps);
    for (std::size_t i = 0; i < size; ++i) y[i] = (x[i] - center) * scale * gain[i] + bias[i];
  });
}

void rms_norm(Isa isa, std::size_t size, const float* x, const float* gain, float eps, float* y) {
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINED {
    const float scale = 1 / std::sqrt(mean_square<Lanes>(size, x, 0) + eps);
    for (std::size_t i = 0; i < size; ++i) y[i] = x[i] * scale * gain[i];
  });
}

}  // namespace minillama::kernels
