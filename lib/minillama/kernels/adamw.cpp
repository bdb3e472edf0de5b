#include "minillama/kernels/adamw.h"

#include <cmath>

#include "minillama/kernels/flush_denormals.h"

// The step is bound by memory: one plain loop, which the compiler vectorises for each instruction
// set, is as fast as intrinsics would be. For that this file is compiled with -fno-math-errno (else
// sqrt() may not become one instruction) and, for equal bits, with -ffp-contract=off.

namespace minillama::kernels {
namespace {

template <typename T>
MINILLAMA_INLINE void step(const AdamWScalars& scalars, std::size_t size, T* __restrict p,
                           const T* __restrict grad, T* __restrict m, T* __restrict v) {
  const T grad_scale = static_cast<T>(scalars.grad_scale);
  const T beta1 = static_cast<T>(scalars.beta1);
  const T beta2 = static_cast<T>(scalars.beta2);
  const T one_minus_beta1 = static_cast<T>(1 - scalars.beta1);
  const T one_minus_beta2 = static_cast<T>(1 - scalars.beta2);
  const T decay_before = static_cast<T>(scalars.decay_before);
  const T step_size = static_cast<T>(scalars.step_size);
  const T denominator_scale = static_cast<T>(scalars.denominator_scale);
  const T eps = static_cast<T>(scalars.eps);
  const T decay_after = static_cast<T>(scalars.decay_after);
  for (std::size_t i = 0; i < size; ++i) {
    const T g = grad_scale * grad[i];
    m[i] = beta1 * m[i] + one_minus_beta1 * g;
    v[i] = beta2 * v[i] + one_minus_beta2 * (g * g);
    T x = p[i];
    x -= decay_before * x;
    x -= step_size * m[i] / (std::sqrt(v[i]) * denominator_scale + eps);
    x -= decay_after * x;
    p[i] = x;
  }
}

template <typename T>
MINILLAMA_TARGET_AVX2 void step_avx2(const AdamWScalars& scalars, std::size_t size, T* p,
                                     const T* grad, T* m, T* v) {
  step(scalars, size, p, grad, m, v);
}

template <typename T>
MINILLAMA_TARGET_AVX512 void step_avx512(const AdamWScalars& scalars, std::size_t size, T* p,
                                         const T* grad, T* m, T* v) {
  step(scalars, size, p, grad, m, v);
}

}  // namespace

template <typename T>
void adamw_step(Isa isa, const AdamWScalars& scalars, std::size_t size, T* p, const T* grad, T* m,
                T* v) {
  const FlushDenormals flush;
  switch (isa) {
    case Isa::avx512:
      return step_avx512(scalars, size, p, grad, m, v);
    case Isa::avx2:
      return step_avx2(scalars, size, p, grad, m, v);
    case Isa::portable:
      return step(scalars, size, p, grad, m, v);
  }
}

template void adamw_step(Isa, const AdamWScalars&, std::size_t, float*, const float*, float*,
                         float*);
template void adamw_step(Isa, const AdamWScalars&, std::size_t, double*, const double*, double*,
                         double*);

}  // namespace minillama::kernels
