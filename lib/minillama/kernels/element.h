#pragma once

// What the kernels on activations share: elements that are stored as float or bfloat16 and computed
// with as float, and an exponential that a compiler can vectorise.

#include <bit>
#include <cstdint>

#include "minillama/kernels/dispatch.h"

namespace minillama::kernels {

/// The upper half of a float32, as in LibTorch's at::BFloat16.
struct BFloat16 {
  std::uint16_t bits;
};

/// IEEE 754 binary16 (kernels/half.h).
struct Half {
  std::uint16_t bits;
};

MINILLAMA_INLINE float load(float x) {
  return x;
}

MINILLAMA_INLINE float load(BFloat16 x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16);
}

MINILLAMA_INLINE void store(float value, float& out) {
  out = value;
}

/// Rounds to nearest, ties to even.
MINILLAMA_INLINE void store(float value, BFloat16& out) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  out.bits = static_cast<std::uint16_t>(value != value ? 0x7FC0U : rounded);
}

/// x = e^x to about 2 ulp, for x between -87 and 88; what lies outside is taken for the nearer end.
/// With x = n log 2 + r, |r| <= log 2 / 2, it is 2^n (the exponent's bits) times a polynomial in r
/// (Cephes, expf). NaN stays NaN. For Floats = float or a vector of them (kernels/simd.h), and Bits
/// the integers of the same size. (The compiler's own bit cast: a function that returns a vector
/// would do so in a way that depends on the instruction set.)
template <typename Bits, typename Floats>
MINILLAMA_INLINE void exponentiate(Floats& x) {
  constexpr float kLog2e = 1.44269504F;
  constexpr float kLn2High = 0.693359375F;  // few bits, so that n times it is exact
  constexpr float kLn2Low = -2.12194440e-4F;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const Floats least = Floats{} - 87.0F, most = Floats{} + 88.0F;
  const Floats bounded = x < least ? least : x;
  const Floats clamped = bounded > most ? most : bounded;
  const Floats shifted = clamped * kLog2e + kRound;
  const Floats n = shifted - kRound;
  const Floats r = clamped - n * kLn2High - n * kLn2Low;
  Floats p = r * 1.9875691500e-4F + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const Bits exponent = (__builtin_bit_cast(Bits, shifted) - 0x4B400000 + 127) << 23;
  x = p * __builtin_bit_cast(Floats, exponent);
}

MINILLAMA_INLINE float exponential(float x) {
  exponentiate<std::uint32_t>(x);
  return x;
}

MINILLAMA_INLINE float sigmoid(float x) {
  return 1.0F / (1.0F + exponential(-x));
}

}  // namespace minillama::kernels
