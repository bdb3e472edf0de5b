#include "minillama/kernels/norm.h"

#include <cmath>

// Compiled with -fopenmp-simd: a sum over a row may then be one of vectors.

namespace minillama::kernels {
namespace {

template <typename In, typename Out>
MINILLAMA_INLINE void forward(const NormShape& shape, const In* x, const float* weight,
                              const float* bias, Out* y, float* mean, float* inverse) {
  const std::size_t dim = shape.dim;
  const float share = 1.0F / static_cast<float>(dim);
  for (std::size_t row = 0; row < shape.rows; ++row, x += dim, y += dim) {
    float center = 0;
    if (shape.centered) {
#pragma omp simd reduction(+ : center)
      for (std::size_t i = 0; i < dim; ++i) center += load(x[i]);
      center *= share;
      mean[row] = center;
    }
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (std::size_t i = 0; i < dim; ++i) {
      const float difference = load(x[i]) - center;
      squares += difference * difference;
    }
    const float scale = 1.0F / std::sqrt(squares * share + static_cast<float>(shape.eps));
    inverse[row] = scale;
    if (bias != nullptr) {
      for (std::size_t i = 0; i < dim; ++i) {
        store((load(x[i]) - center) * scale * weight[i] + bias[i], y[i]);
      }
    } else {
      for (std::size_t i = 0; i < dim; ++i) {
        store((load(x[i]) - center) * scale * weight[i], y[i]);
      }
    }
  }
}

template <typename In, typename Out>
MINILLAMA_INLINE void backward(const NormShape& shape, const In* __restrict x,
                               const float* __restrict weight, const float* __restrict mean,
                               const float* __restrict inverse, const Out* __restrict grad_y,
                               In* __restrict grad_x, float* __restrict grad_weight,
                               float* __restrict grad_bias) {
  const std::size_t dim = shape.dim;
  const float share = 1.0F / static_cast<float>(dim);
  for (std::size_t row = 0; row < shape.rows; ++row, x += dim, grad_y += dim, grad_x += dim) {
    const float center = shape.centered ? mean[row] : 0;
    const float scale = inverse[row];
    float sum_h = 0;
    float sum_hn = 0;
#pragma omp simd reduction(+ : sum_h, sum_hn)
    for (std::size_t i = 0; i < dim; ++i) {
      const float g = load(grad_y[i]);
      const float n = (load(x[i]) - center) * scale;
      sum_h += g * weight[i];
      sum_hn += g * weight[i] * n;
      grad_weight[i] += g * n;
    }
    const float mean_h = shape.centered ? sum_h * share : 0;
    const float mean_hn = sum_hn * share;
    for (std::size_t i = 0; i < dim; ++i) {
      const float n = (load(x[i]) - center) * scale;
      store(scale * (load(grad_y[i]) * weight[i] - mean_h - n * mean_hn), grad_x[i]);
    }
    if (grad_bias != nullptr) {
      for (std::size_t i = 0; i < dim; ++i) grad_bias[i] += load(grad_y[i]);
    }
  }
}

}  // namespace

template <typename In, typename Out>
void norm_forward(Isa isa, const NormShape& shape, const In* x, const float* weight,
                  const float* bias, Out* y, float* mean, float* inverse) {
  run_for(isa, [=]() MINILLAMA_INLINED { forward(shape, x, weight, bias, y, mean, inverse); });
}

template <typename In, typename Out>
void norm_backward(Isa isa, const NormShape& shape, const In* x, const float* weight,
                   const float* mean, const float* inverse, const Out* grad_y, In* grad_x,
                   float* grad_weight, float* grad_bias) {
  run_for(isa, [=]() MINILLAMA_INLINED {
    backward(shape, x, weight, mean, inverse, grad_y, grad_x, grad_weight, grad_bias);
  });
}

#define MINILLAMA_NORM(In, Out)                                                                  \
  template void norm_forward(Isa, const NormShape&, const In*, const float*, const float*, Out*, \
                             float*, float*);                                                    \
  template void norm_backward(Isa, const NormShape&, const In*, const float*, const float*,      \
                              const float*, const Out*, In*, float*, float*);
MINILLAMA_NORM(float, float)
MINILLAMA_NORM(float, BFloat16)
#undef MINILLAMA_NORM

}  // namespace minillama::kernels
