#include "minillama/kernels/softmax.h"

#include <cmath>

// Compiled with -fopenmp-simd: a sum over a row may then be one of vectors.

namespace minillama::kernels {
namespace {

/// The end of whole vectors that hold the first `visible` elements: a loop that ends within a
/// vector goes through the rest one by one, which costs more than all before.
MINILLAMA_INLINE std::size_t whole_vectors(std::size_t size, std::size_t visible) {
  constexpr std::size_t kVector = 32;
  const std::size_t end = (visible + kVector - 1) / kVector * kVector;
  return end < size ? end : size;
}

/// The largest of the first `visible` among `end` elements.
template <typename T>
MINILLAMA_INLINE float largest(std::size_t end, std::size_t visible, const T* x) {
  float most = load(x[0]);
#pragma omp simd reduction(max : most)
  for (std::size_t i = 0; i < end; ++i) {
    const float value = load(x[i]);
    most = i < visible && value > most ? value : most;
  }
  return most;
}

/// The sum of exp(scale (x - most)) over the same.
template <typename T>
MINILLAMA_INLINE float sum_of_exponentials(std::size_t end, std::size_t visible, float scale,
                                           float most, const T* x) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < end; ++i) {
    const float term = exponential(scale * (load(x[i]) - most));
    sum += i < visible ? term : 0.0F;
  }
  return sum;
}

template <typename T>
MINILLAMA_INLINE void forward(std::size_t size, std::size_t visible, float scale, T* x) {
  const std::size_t end = whole_vectors(size, visible);
  const float most = largest(end, visible, x);
  const float share = 1.0F / sum_of_exponentials(end, visible, scale, most, x);
  for (std::size_t i = 0; i < end; ++i) {
    const float weight = exponential(scale * (load(x[i]) - most)) * share;
    store(i < visible ? weight : 0.0F, x[i]);
  }
  for (std::size_t i = end; i < size; ++i) store(0.0F, x[i]);
}

template <typename T>
MINILLAMA_INLINE void backward(std::size_t size, std::size_t visible, float scale,
                               const T* __restrict p, T* __restrict grad) {
  // Where nothing is visible p is 0.
  const std::size_t end = whole_vectors(size, visible);
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < end; ++i) sum += load(p[i]) * load(grad[i]);
  for (std::size_t i = 0; i < end; ++i) {
    store(scale * load(p[i]) * (load(grad[i]) - sum), grad[i]);
  }
  for (std::size_t i = end; i < size; ++i) store(0.0F, grad[i]);
}

template <typename T>
MINILLAMA_INLINE void negative_log_likelihood(std::size_t size, std::size_t target,
                                              bool differentiate, T* x, double* loss) {
  const float most = largest(size, size, x);
  const float sum = sum_of_exponentials(size, size, 1.0F, most, x);
  *loss = std::log(static_cast<double>(sum)) - (static_cast<double>(load(x[target])) - most);
  if (!differentiate) return;
  const float likelihood = exponential(load(x[target]) - most) / sum;
  const float share = 1.0F / sum;
  for (std::size_t i = 0; i < size; ++i) store(exponential(load(x[i]) - most) * share, x[i]);
  store(likelihood - 1.0F, x[target]);
}

}  // namespace

template <typename T>
void softmax_forward(Isa isa, std::size_t size, std::size_t visible, float scale, T* x) {
  run_for(isa, [=]() MINILLAMA_INLINED { forward(size, visible, scale, x); });
}

template <typename T>
void softmax_backward(Isa isa, std::size_t size, std::size_t visible, float scale, const T* p,
                      T* grad) {
  run_for(isa, [=]() MINILLAMA_INLINED { backward(size, visible, scale, p, grad); });
}

template <typename T>
double cross_entropy(Isa isa, std::size_t size, std::size_t target, bool differentiate, T* x) {
  double loss = 0;
  double* out = &loss;
  run_for(isa, [=]() MINILLAMA_INLINED {
    negative_log_likelihood(size, target, differentiate, x, out);
  });
  return loss;
}

#define MINILLAMA_SOFTMAX(T)                                                          \
  template void softmax_forward(Isa, std::size_t, std::size_t, float, T*);            \
  template void softmax_backward(Isa, std::size_t, std::size_t, float, const T*, T*); \
  template double cross_entropy(Isa, std::size_t, std::size_t, bool, T*);
MINILLAMA_SOFTMAX(float)
MINILLAMA_SOFTMAX(BFloat16)
#undef MINILLAMA_SOFTMAX

}  // namespace minillama::kernels
