#pragma once

// GGUF's Q4_K: four bits for a weight, and six for the scale and the minimum of each 32.

#include "minillama/kernels/blocks/k_scales.h"

namespace minillama::kernels {

struct Q4_KBlock : BlockOf<DType::q4_k> {
  static constexpr int kLargestCode = 15;
  static constexpr bool kHasMinimum = true;
  static constexpr std::uint32_t kFileType = 14;
  static constexpr DType kFallback = DType::q5_0;

  KScales head;
  /// Each 32 bytes hold two parts: one in their low halves, the next in the high ones.
  std::uint8_t pairs[128];
};

inline float scale_of(const Q4_KBlock& block, std::size_t part) {
  return block.head.scale_of(part);
}
inline float minimum_of(const Q4_KBlock& block, std::size_t half) {
  return block.head.minimum_of(half / 2);
}

inline void codes(const Q4_KBlock& block, std::size_t part, std::uint8_t* out) {
  const std::uint8_t* pairs = block.pairs + part / 2 * kPartSize;
  for (std::size_t i = 0; i < kPartSize; ++i) out[i] = pairs[i] >> (part % 2 * 4) & 15;
}

/// The low four bits of 256 codes.
inline void pair_parts(const std::uint8_t* codes, std::uint8_t* pairs) {
  for (std::size_t i = 0; i < 128; ++i) {
    const std::uint8_t* low = codes + i / kPartSize * 2 * kPartSize + i % kPartSize;
    pairs[i] = static_cast<std::uint8_t>((low[0] & 15) | (low[kPartSize] & 15) << 4);
  }
}

inline void pack_block(const float* x, Q4_KBlock& block) {
  std::uint8_t out[Q4_KBlock::kSize];
  block.head = pack_k(x, Q4_KBlock::kLargestCode, out);
  pair_parts(out, block.pairs);
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256i codes(const Q4_KBlock& block, std::size_t part) {
  const __m256i pairs = load_bytes(block.pairs + part / 2 * kPartSize);
  return _mm256_and_si256(_mm256_srli_epi16(pairs, static_cast<int>(part % 2 * 4)),
                          _mm256_set1_epi8(15));
}
MINILLAMA_INLINE __m256 part_scales(const Q4_KBlock& block) {
  return part_scales(block.head);
}
MINILLAMA_INLINE __m256 part_minima(const Q4_KBlock& block) {
  return part_minima(block.head);
}

}  // namespace
#endif

}  // namespace minillama::kernels
