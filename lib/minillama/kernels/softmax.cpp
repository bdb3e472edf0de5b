#include "minillama/kernels/softmax.h"

#include <cmath>
#include <limits>

#include "minillama/kernels/simd.h"

// Compiled with -fopenmp-simd: a sum over a row may then be one of vectors.

namespace minillama::kernels {
namespace {

/// Sets the lanes of `v`, which holds the elements from `begin` on, to `value` where they are not
/// among the first `visible`.
template <int Lanes>
MINILLAMA_INLINE void hide(Floats<Lanes>& v, std::size_t begin, std::size_t visible, float value) {
  Ints<Lanes> lane;
  for (int i = 0; i < Lanes; ++i) lane[i] = i;
  v = lane < static_cast<std::int32_t>(visible - begin) ? v : Floats<Lanes>{} + value;
}

template <int Lanes, typename T>
MINILLAMA_INLINE void fill_with_zeros(T* begin, T* end) {
  const Floats<Lanes> zeros = {};
  for (; begin < end; begin += Lanes) store<Lanes>(begin, zeros);
}

template <int Lanes, typename T>
MINILLAMA_INLINE void forward(std::size_t size, std::size_t visible, float scale, T* x) {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  Floats<Lanes> v, largest = Floats<Lanes>{} + kLowest, sums = {};
  for (std::size_t i = 0; i < visible; i += Lanes) {
    load<Lanes>(v, x + i);
    hide<Lanes>(v, i, visible, kLowest);
    largest = v > largest ? v : largest;
  }
  const float most = max<Lanes>(largest);
  const auto load_exponentials = [&](std::size_t i) MINILLAMA_INLINED {
    load<Lanes>(v, x + i);
    v = scale * (v - most);
    exponentiate<Ints<Lanes>>(v);
    hide<Lanes>(v, i, visible, 0);
  };
  for (std::size_t i = 0; i < visible; i += Lanes) {
    load_exponentials(i);
    sums += v;
  }
  const float share = 1.0F / sum<Lanes>(sums);
  std::size_t i = 0;
  for (; i < visible; i += Lanes) {
    load_exponentials(i);
    v *= share;
    store<Lanes>(x + i, v);
  }
  fill_with_zeros<Lanes>(x + i, x + size);
}

template <int Lanes, typename T>
MINILLAMA_INLINE void backward(std::size_t size, std::size_t visible, float scale,
                               const T* __restrict p, T* __restrict grad) {
  Floats<Lanes> weights, v, sums = {};
  const auto load_gradients = [&](std::size_t i) MINILLAMA_INLINED {
    load<Lanes>(weights, p + i);
    load<Lanes>(v, grad + i);
    hide<Lanes>(v, i, visible, 0);
  };
  for (std::size_t i = 0; i < visible; i += Lanes) {
    load_gradients(i);
    sums += weights * v;
  }
  const float common = sum<Lanes>(sums);
  std::size_t i = 0;
  for (; i < visible; i += Lanes) {
    load_gradients(i);
    v = scale * weights * (v - common);  // weights are 0 where nothing is visible
    store<Lanes>(grad + i, v);
  }
  fill_with_zeros<Lanes>(grad + i, grad + size);
}

/// The largest of `size` elements.
template <typename T>
MINILLAMA_INLINE float largest_of(std::size_t size, const T* x) {
  float most = load(x[0]);
#pragma omp simd reduction(max : most)
  for (std::size_t i = 0; i < size; ++i) {
    const float value = load(x[i]);
    most = value > most ? value : most;
  }
  return most;
}

/// The sum of exp(x - most) over them.
template <typename T>
MINILLAMA_INLINE float sum_of_exponentials(std::size_t size, float most, const T* x) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < size; ++i) sum += exponential(load(x[i]) - most);
  return sum;
}

template <typename T>
MINILLAMA_INLINE void negative_log_likelihood(std::size_t size, std::size_t target,
                                              bool differentiate, T* x, double* loss) {
  const float most = largest_of(size, x);
  const float sum = sum_of_exponentials(size, most, x);
  *loss = std::log(static_cast<double>(sum)) - (static_cast<double>(load(x[target])) - most);
  if (!differentiate) return;
  const float likelihood = exponential(load(x[target]) - most) / sum;
  const float share = 1.0F / sum;
  for (std::size_t i = 0; i < size; ++i) store(exponential(load(x[i]) - most) * share, x[i]);
  store(likelihood - 1.0F, x[target]);
}

template <int Lanes>
MINILLAMA_INLINE void exponentials_of(std::size_t size, float most, float scale, float* x,
                                      double* total) {
  constexpr std::size_t kChunk = 64 * Lanes;  // whose sum loses nothing that matters
  constexpr float kLeast = -87;
  std::size_t i = 0;
  while (i + Lanes <= size) {
    Floats<Lanes> v, sums = {};
    for (const std::size_t end = i + kChunk; i < end && i + Lanes <= size; i += Lanes) {
      load<Lanes>(v, x + i);
      v = scale * (v - most);
      const Ints<Lanes> vanishes = v < kLeast;  // not if it is NaN
      exponentiate<Ints<Lanes>>(v);
      v = vanishes ? Floats<Lanes>{} : v;
      store<Lanes>(x + i, v);
      sums += v;
    }
    *total += sum<Lanes>(sums);
  }
  for (; i < size; ++i) {
    const float v = scale * (x[i] - most);
    x[i] = v < kLeast ? 0 : exponential(v);
    *total += x[i];
  }
}

}  // namespace

template <typename T>
void softmax_forward(Isa isa, std::size_t size, std::size_t visible, float scale, T* x) {
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINED { forward<Lanes>(size, visible, scale, x); });
}

template <typename T>
void softmax_backward(Isa isa, std::size_t size, std::size_t visible, float scale, const T* p,
                      T* grad) {
  with_lanes(
      isa, [=]<int Lanes>() MINILLAMA_INLINED { backward<Lanes>(size, visible, scale, p, grad); });
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

double exponentials(Isa isa, std::size_t size, float most, float scale, float* x) {
  double total = 0;
  double* out = &total;
  with_lanes(isa, [=]<int Lanes>()
                      MINILLAMA_INLINED { exponentials_of<Lanes>(size, most, scale, x, out); });
  return total;
}

#define MINILLAMA_SOFTMAX(T)                                                          \
  template void softmax_forward(Isa, std::size_t, std::size_t, float, T*);            \
  template void softmax_backward(Isa, std::size_t, std::size_t, float, const T*, T*); \
  template double cross_entropy(Isa, std::size_t, std::size_t, bool, T*);
MINILLAMA_SOFTMAX(float)
MINILLAMA_SOFTMAX(BFloat16)
#undef MINILLAMA_SOFTMAX

}  // namespace minillama::kernels
