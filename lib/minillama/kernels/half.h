#pragma once

#include <bit>
#include <cstdint>

#include "minillama/kernels/dispatch.h"

namespace minillama::kernels {

/// The value of a half float (IEEE 754 binary16).
MINILLAMA_INLINE float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t magnitude = half & 0x7FFFU;
  if (magnitude >= 0x7C00) return std::bit_cast<float>(sign | 0x7F800000U | (magnitude << 13));
  // The exponent of a half is 112 less biased; the product is exact, for denormal halves too.
  return std::bit_cast<float>(sign | (magnitude << 13)) * 0x1.0p112F;
}

/// The nearest half float, the even one of two; infinity from 65520 on; NaN stays NaN.
MINILLAMA_INLINE std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return sign | 0x7E00U;
  if (magnitude >= 0x477FF000U) return sign | 0x7C00U;
  if (magnitude < 0x38800000U) {
    // Denormal: adding 0.5 leaves the number, in units of 2^-24, in the low bits of the sum.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return sign | static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U);
  }
  const std::uint32_t odd = (magnitude >> 13) & 1U;
  return sign | static_cast<std::uint16_t>((magnitude - 0x38000000U + 0xFFFU + odd) >> 13);
}

}  // namespace minillama::kernels
