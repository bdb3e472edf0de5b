#include "minillama/kernels/attend.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "minillama/kernels/simd.h"

namespace minillama::kernels {
namespace {

template <int Lanes>
MINILLAMA_INLINE float largest(std::size_t size, const float* x) {
  Floats<Lanes> best = Floats<Lanes>{} - std::numeric_limits<float>::infinity();
  std::size_t i = 0;
  for (; i + Lanes <= size; i += Lanes) {
    Floats<Lanes> v;
    load<Lanes>(v, x + i);
    best = best > v ? best : v;
  }
  float result = max<Lanes>(best);
  for (; i < size; ++i) result = std::max(result, x[i]);
  return result;
}

template <int Lanes>
MINILLAMA_INLINE void softmax(std::size_t size, float scale, float* x) {
  const float highest = largest<Lanes>(size, x);
  Floats<Lanes> sums = {};
  float rest = 0;
  for_each_vector<Lanes>(size, [&]<int L>(std::size_t i) MINILLAMA_INLINE_LAMBDA {
    Floats<L> v;
    load<L>(v, x + i);
    v = (v - highest) * scale;
    exp<L>(v);
    store<L>(x + i, v);
    if constexpr (L == 1 && Lanes > 1) {
      rest += v[0];
    } else {
      sums += v;
    }
  });
  const float factor = 1 / (sum<Lanes>(sums) + rest);
  for (std::size_t i = 0; i < size; ++i) x[i] *= factor;
}

/// out[0 .. Vectors * Lanes) = sum over s of weights[s] * values[s * stride ..]. Several sums side
/// by side, since each addition waits for the one before it in its own sum.
template <int Lanes, int Vectors>
MINILLAMA_INLINE void weighted_columns(const float* weights, const float* values,
                                       std::size_t positions, std::size_t stride, float* out) {
  constexpr int kSums = Vectors >= 4 ? 2 : 4;
  Floats<Lanes> sums[kSums][Vectors] = {};
  std::size_t s = 0;
  const auto add = [&](Floats<Lanes>(&into)[Vectors], std::size_t at) MINILLAMA_INLINE_LAMBDA {
    for (int k = 0; k < Vectors; ++k) {
      Floats<Lanes> v;
      load<Lanes>(v, values + at * stride + k * Lanes);
      into[k] += weights[at] * v;
    }
  };
  for (; s + kSums <= positions; s += kSums) {
    for (int i = 0; i < kSums; ++i) add(sums[i], s + i);
  }
  for (; s < positions; ++s) add(sums[0], s);
  for (int k = 0; k < Vectors; ++k) {
    for (int i = 1; i < kSums; ++i) sums[0][k] += sums[i][k];
    store<Lanes>(out + k * Lanes, sums[0][k]);
  }
}

/// out[d] = sum over s of weights[s] * values[s * head_dim + d]
template <int Lanes>
MINILLAMA_INLINE void weighted_sum(const float* weights, const float* values, std::size_t positions,
                                   std::size_t head_dim, float* out, std::size_t d = 0) {
  for (; d + 4 * Lanes <= head_dim; d += 4 * Lanes) {
    weighted_columns<Lanes, 4>(weights, values + d, positions, head_dim, out + d);
  }
  for (; d + Lanes <= head_dim; d += Lanes) {
    weighted_columns<Lanes, 1>(weights, values + d, positions, head_dim, out + d);
  }
  if constexpr (Lanes > 1) {
    if (d < head_dim) {
      weighted_sum<Lanes / 2>(weights, values, positions, head_dim, out, d);
    }
  }
}

}  // namespace

void softmax(Isa isa, std::size_t size, float scale, float* x) {
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINE_LAMBDA { softmax<Lanes>(size, scale, x); });
}

void attend(Isa isa, const InputRows& queries, const float* keys, const float* values,
            std::size_t positions, std::size_t head_dim, float* scores, const OutputRows& out) {
  matmul(isa, keys, positions, head_dim, queries, {scores, positions});
  const float scale = 1 / std::sqrt(static_cast<float>(head_dim));
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINE_LAMBDA {
    for (std::size_t i = 0; i < queries.count; ++i) {
      float* weights = scores + i * positions;
      softmax<Lanes>(positions, scale, weights);
      weighted_sum<Lanes>(weights, values, positions, head_dim, out.data + i * out.stride);
    }
  });
}

}  // namespace minillama::kernels
