#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/element.h"

// For kernels written with vectors: the vector types of GCC and Clang, whose width is a parameter,
// so that one text serves every instruction set. Vectors are passed by reference, since how they
// are passed by value depends on the instruction set.

namespace minillama::kernels {

template <int Lanes>
struct Simd {
  using Floats [[gnu::vector_size(Lanes * sizeof(float))]] = float;
  using Ints [[gnu::vector_size(Lanes * sizeof(float))]] = std::int32_t;
  using Words [[gnu::vector_size(Lanes * sizeof(float))]] = std::uint32_t;
  using Halves [[gnu::vector_size(Lanes * sizeof(BFloat16))]] = std::uint16_t;
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

template <int Lanes>
MINILLAMA_INLINE void load(Floats<Lanes>& v, const BFloat16* p) {
  typename Simd<Lanes>::Halves halves;
  std::memcpy(&halves, p, sizeof(halves));
  v = __builtin_bit_cast(Floats<Lanes>, __builtin_convertvector(halves, Ints<Lanes>) << 16);
}

/// What from_half() (kernels/half.h) computes.
template <int Lanes>
MINILLAMA_INLINE void load(Floats<Lanes>& v, const Half* p) {
#if defined(__x86_64__)
  // Eight lanes and more are used for instruction sets that have F16C, whose instruction no
  // operation on the compiler's vectors stands for.
  if constexpr (Lanes >= 8) {
    using Memory = const char(*)[Lanes * sizeof(Half)];
    asm("vcvtph2ps %1, %0" : "=v"(v) : "m"(*reinterpret_cast<Memory>(p)));
    return;
  }
#endif
  typename Simd<Lanes>::Halves halves;
  std::memcpy(&halves, p, sizeof(halves));
  const auto bits = __builtin_convertvector(halves, Ints<Lanes>);
  const Ints<Lanes> magnitude = (bits & 0x7FFF) << 13;
  const Ints<Lanes> sign = (bits & 0x8000) << 16;
  // The exponent of a half is 112 less biased.
  const Floats<Lanes> value = __builtin_bit_cast(Floats<Lanes>, magnitude) * 0x1.0p112F;
  const Ints<Lanes> finite = __builtin_bit_cast(Ints<Lanes>, value);
  const Ints<Lanes> number = magnitude < (0x7C00 << 13) ? finite : (magnitude | 0x7F800000);
  v = __builtin_bit_cast(Floats<Lanes>, number | sign);
}

/// Rounds as the scalar store() does.
template <int Lanes>
MINILLAMA_INLINE void store(BFloat16* p, const Floats<Lanes>& v) {
  using Words = typename Simd<Lanes>::Words;
  using Halves = typename Simd<Lanes>::Halves;
  const auto bits = __builtin_bit_cast(Words, v);
  const Words rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const auto halves = __builtin_convertvector(v != v ? Words{} + 0x7FC0U : rounded, Halves);
  std::memcpy(p, &halves, sizeof(halves));
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

/// `body.operator()<Lanes>()`, compiled for `isa`, where Lanes is how many floats its registers
/// hold. `body` is a lambda with MINILLAMA_INLINED behind its parameters.
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

}  // namespace minillama::kernels
