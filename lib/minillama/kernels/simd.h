#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "minillama/kernels/dispatch.h"

// For kernels written with vectors: the vector types of GCC and Clang, whose width is a parameter,
// so that one text serves every instruction set. Vectors are passed by reference, since how they
// are passed by value depends on the instruction set.

namespace minillama::kernels {

template <int Lanes>
struct Simd {
  using Floats [[gnu::vector_size(Lanes * sizeof(float))]] = float;
  using Ints [[gnu::vector_size(Lanes * sizeof(float))]] = std::int32_t;
};
/// `Lanes` floats, and as many integers: a power of two.
template <int Lanes>
using Floats = typename Simd<Lanes>::Floats;
template <int Lanes>
using Ints = typename Simd<Lanes>::Ints;

template <int Lanes>
MINILLAMA_INLINE void load(Floats<Lanes>& v, const float* p) {
  std::memcpy(&v, p, sizeof(v));  // whatever the alignment
}

template <int Lanes>
MINILLAMA_INLINE void store(float* p, const Floats<Lanes>& v) {
  std::memcpy(p, &v, sizeof(v));
}

/// Sum of the lanes, by halves.
template <int Lanes>
MINILLAMA_INLINE float sum(const Floats<Lanes>& v) {
  if constexpr (Lanes == 1) {
    return v[0];
  } else {
    Floats<Lanes / 2> low, high;
    std::memcpy(&low, &v, sizeof(low));
    std::memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof(low), sizeof(high));
    return sum<Lanes / 2>(low + high);
  }
}

/// Largest lane, by halves.
template <int Lanes>
MINILLAMA_INLINE float max(const Floats<Lanes>& v) {
  if constexpr (Lanes == 1) {
    return v[0];
  } else {
    Floats<Lanes / 2> low, high;
    std::memcpy(&low, &v, sizeof(low));
    std::memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof(low), sizeof(high));
    return max<Lanes / 2>(low > high ? low : high);
  }
}

/// e^x in every lane to about 2e-7 of its value. Below -87.3 it stays at 1.2e-38 and above 88.3 at
/// 2.3e38; NaN stays NaN. Cephes' expf: e^x = 2^n e^r, |r| <= ln(2) / 2, a polynomial for e^r.
template <int Lanes>
MINILLAMA_INLINE void exp(Floats<Lanes>& x) {
  using F = Floats<Lanes>;
  const F low = F{} - 87.33654F, high = F{} + 88.37626F;
  x = x < low ? low : x;
  x = x > high ? high : x;
  // Adding 1.5 * 2^23 leaves the rounded number in the low bits of the sum.
  const F shift = F{} + 12582912.0F;
  const F shifted = x * 1.44269504F + shift;
  const F n = shifted - shift;
  const F r = x - n * 0.693359375F + n * 2.12194440e-4F;
  F p = F{} + 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  Ints<Lanes> exponent;
  std::memcpy(&exponent, &shifted, sizeof(exponent));
  exponent = (exponent << 23) + (127 << 23);
  F power;
  std::memcpy(&power, &exponent, sizeof(power));
  x = p * power;
}

/// body.operator()<Lanes>(), compiled for `isa`, where Lanes is how many floats its registers hold.
/// `body` is a lambda with MINILLAMA_INLINED behind its parameters.
template <typename Body>
MINILLAMA_TARGET_AVX2 void call_avx2(const Body& body) {
  body.template operator()<8>();
}
template <typename Body>
MINILLAMA_TARGET_AVX512 void call_avx512(const Body& body) {
  body.template operator()<16>();
}
template <typename Body>
void with_lanes(Isa isa, const Body& body) {
  switch (isa) {
    case Isa::avx512:
      return call_avx512(body);
    case Isa::avx2:
      return call_avx2(body);
    case Isa::portable:
      return body.template operator()<4>();
  }
}

/// Goes through [0, size) in vectors and then one by one: body.operator()<Lanes>(begin), with Lanes
/// 1 at the end.
template <int Lanes, typename Body>
MINILLAMA_INLINE void for_each_vector(std::size_t size, const Body& body) {
  std::size_t i = 0;
  for (; i + Lanes <= size; i += Lanes) body.template operator()<Lanes>(i);
  for (; i < size; ++i) body.template operator()<1>(i);
}

}  // namespace minillama::kernels
