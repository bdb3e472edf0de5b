#pragma once

// Not part of the interface of kernels/: what Q4_K and Q5_K begin with.

#include "minillama/kernels/blocks/block.h"
#include "minillama/kernels/blocks/fit.h"

namespace minillama::kernels {

/// Scale and minimum of each of eight parts: six bits times a half float.
struct KScales {
  std::uint16_t scale;    ///< a half float
  std::uint16_t minimum;  ///< a half float
  /// The low six bits of bytes 0 to 3 are the scales of parts 0 to 3, those of bytes 4 to 7 their
  /// minima. Parts 4 to 7 have the low four bits of their scale in the low halves of bytes 8 to 11,
  /// of their minimum in the high halves, and the upper two in those of bytes 0 to 3 and 4 to 7.
  std::uint8_t packed[12];

  /// Of all parts, a byte each.
  std::uint64_t scales() const { return unpacked(packed, packed[8], 0); }
  std::uint64_t minima() const { return unpacked(packed + 4, packed[8], 4); }

  float scale_of(std::size_t part) const {
    return from_half(scale) * static_cast<float>(scales() >> (8 * part) & 63);
  }
  float minimum_of(std::size_t part) const {
    return from_half(minimum) * static_cast<float>(minima() >> (8 * part) & 63);
  }

  void set(const std::uint8_t* scales, const std::uint8_t* minima) {
    for (std::size_t i = 0; i < 4; ++i) {
      packed[i] = static_cast<std::uint8_t>(scales[i] | scales[4 + i] >> 4 << 6);
      packed[4 + i] = static_cast<std::uint8_t>(minima[i] | minima[4 + i] >> 4 << 6);
      packed[8 + i] = static_cast<std::uint8_t>((scales[4 + i] & 15) | (minima[4 + i] & 15) << 4);
    }
  }

 private:
  static std::uint64_t unpacked(const std::uint8_t* first, const std::uint8_t& last, int shift) {
    std::uint32_t upper = 0, lower = 0;
    __builtin_memcpy(&upper, first, sizeof(upper));
    __builtin_memcpy(&lower, &last, sizeof(lower));
    const std::uint32_t of_last = (lower >> shift & 0x0F0F0F0FU) | (upper >> 2 & 0x30303030U);
    return (upper & 0x3F3F3F3FU) | std::uint64_t{of_last} << 32;
  }
};
static_assert(sizeof(KScales) == 16);

/// Scales, minima and codes of 256 numbers.
inline KScales pack_k(const float* x, int largest, std::uint8_t* codes) {
  constexpr std::size_t kParts = 8;
  const float nothing = range_of(x, kParts * kPartSize).nothing;
  FitBetween fits[kParts];
  float largest_scale = 0, largest_minimum = 0;
  for (std::size_t p = 0; p < kParts && nothing == 0; ++p) {
    fits[p] = fit_between(x + p * kPartSize, kPartSize, largest);
    largest_scale = std::max(largest_scale, fits[p].scale);
    largest_minimum = std::max(largest_minimum, fits[p].minimum);
  }
  KScales head{.scale = to_half(largest_scale / 63 + nothing),
               .minimum = to_half(largest_minimum / 63),
               .packed = {}};
  const float inverse_scale = inverse_of(from_half(head.scale));
  const float inverse_minimum = inverse_of(from_half(head.minimum));
  std::uint8_t scales[kParts], minima[kParts];
  for (std::size_t p = 0; p < kParts; ++p) {
    scales[p] = nearest_code(fits[p].scale * inverse_scale, 63);
    minima[p] = nearest_code(fits[p].minimum * inverse_minimum, 63);
  }
  head.set(scales, minima);
  for (std::size_t i = 0; i < kParts * kPartSize; ++i) {
    const std::size_t p = i / kPartSize;
    const float code = (x[i] + head.minimum_of(p)) * inverse_of(head.scale_of(p));
    codes[i] = nothing == 0 ? nearest_code(code, largest) : std::uint8_t{0};
  }
  return head;
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256 times_bytes(std::uint16_t half, std::uint64_t bytes) {
  const __m256i integers =
      _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<std::int64_t>(bytes)));
  return _mm256_mul_ps(_mm256_set1_ps(_cvtsh_ss(half)), _mm256_cvtepi32_ps(integers));
}

MINILLAMA_INLINE __m256 part_scales(const KScales& head) {
  return times_bytes(head.scale, head.scales());
}
MINILLAMA_INLINE __m256 part_minima(const KScales& head) {
  return times_bytes(head.minimum, head.minima());
}

}  // namespace
#endif

}  // namespace minillama::kernels
