#pragma once

// GGUF's Q6_K: six bits for a weight, and eight for the scale of each 16.

#include "minillama/kernels/blocks/block.h"
#include "minillama/kernels/blocks/fit.h"

namespace minillama::kernels {

struct Q6_KBlock : BlockOf<DType::q6_k> {
  static constexpr int kLargestCode = 63, kOffset = 32;
  static constexpr bool kHasSubScales = true;
  static constexpr std::uint32_t kFileType = 18;
  static constexpr DType kFallback = DType::q8_0;

  /// The low four bits of the codes. Each 64 bytes are those of 128 codes: parts 0 and 1 in the
  /// low halves, parts 2 and 3 in the high ones.
  std::uint8_t pairs[128];
  /// The high two bits. Each 32 bytes are those of 128 codes: of part i in bits 2 i and 2 i + 1.
  std::uint8_t high_bits[64];
  std::int8_t sub_scales[16];
  std::uint16_t scale;  ///< a half float
};

inline int sub_scale_of(const Q6_KBlock& block, std::size_t half) {
  return block.sub_scales[half];
}

inline void codes(const Q6_KBlock& block, std::size_t part, std::uint8_t* out) {
  const std::uint8_t* pairs = block.pairs + part / 4 * 64 + part % 2 * kPartSize;
  const std::uint8_t* high = block.high_bits + part / 4 * kPartSize;
  for (std::size_t i = 0; i < kPartSize; ++i) {
    const int low = pairs[i] >> (part % 4 / 2 * 4) & 15;
    out[i] = static_cast<std::uint8_t>(low | (high[i] >> (part % 4 * 2) & 3) << 4);
  }
}

inline void pack_block(const float* x, Q6_KBlock& block) {
  constexpr std::size_t kHalf = kPartSize / 2, kHalves = 16;
  const float nothing = range_of(x, Q6_KBlock::kSize).nothing;
  float scales[kHalves] = {};
  for (std::size_t h = 0; h < kHalves && nothing == 0; ++h) {
    scales[h] = fit_signed(x + h * kHalf, kHalf, Q6_KBlock::kOffset);
  }
  block = {};
  block.scale = to_half(range_of(scales, kHalves).extreme / -128 + nothing);
  const float inverse = inverse_of(from_half(block.scale));
  for (std::size_t h = 0; h < kHalves; ++h) {
    const auto sub = round_to_even(std::clamp(scales[h] * inverse, -128.0F, 127.0F));
    block.sub_scales[h] = static_cast<std::int8_t>(sub);
  }
  for (std::size_t i = 0; i < Q6_KBlock::kSize; ++i) {
    const std::size_t part = i / kPartSize, at = i % kPartSize;
    const float step = from_half(block.scale) * static_cast<float>(block.sub_scales[i / kHalf]);
    const float shifted = nothing == 0 ? x[i] * inverse_of(step) + Q6_KBlock::kOffset : 0;
    const unsigned code = nearest_code(shifted, Q6_KBlock::kLargestCode);
    std::uint8_t& pair = block.pairs[part / 4 * 64 + part % 2 * kPartSize + at];
    pair = static_cast<std::uint8_t>(pair | (code & 15) << (part % 4 / 2 * 4));
    std::uint8_t& high = block.high_bits[part / 4 * kPartSize + at];
    high = static_cast<std::uint8_t>(high | (code >> 4) << (part % 4 * 2));
  }
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256i codes(const Q6_KBlock& block, std::size_t part) {
  const __m256i pairs = load_bytes(block.pairs + part / 4 * 64 + part % 2 * kPartSize);
  const __m256i low = _mm256_and_si256(_mm256_srli_epi16(pairs, static_cast<int>(part % 4 / 2 * 4)),
                                       _mm256_set1_epi8(15));
  const __m256i bits = _mm256_srli_epi16(load_bytes(block.high_bits + part / 4 * kPartSize),
                                         static_cast<int>(part % 4 * 2));
  const __m256i high = _mm256_slli_epi16(_mm256_and_si256(bits, _mm256_set1_epi8(3)), 4);
  return _mm256_or_si256(low, high);
}
MINILLAMA_INLINE __m256 part_scales(const Q6_KBlock& block) {
  return _mm256_set1_ps(_cvtsh_ss(block.scale));
}
MINILLAMA_INLINE __m128i sub_scales(const Q6_KBlock& block) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(block.sub_scales));
}

}  // namespace
#endif

}  // namespace minillama::kernels
