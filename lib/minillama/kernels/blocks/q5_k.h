#pragma once

// GGUF's Q5_K: five bits for a weight, and six for the scale and the minimum of each 32.

#include "minillama/kernels/blocks/k_scales.h"
#include "minillama/kernels/blocks/q4_k.h"

namespace minillama::kernels {

struct Q5_KBlock : BlockOf<DType::q5_k> {
  static constexpr int kLargestCode = 31;
  static constexpr bool kHasMinimum = true;
  static constexpr std::uint32_t kFileType = 16;
  static constexpr DType kFallback = DType::q5_1;

  KScales head;
  std::uint8_t fifth_bits[kPartSize];  ///< bit p of byte i is that of code i of part p
  std::uint8_t pairs[128];             ///< as Q4_K's
};

inline float scale_of(const Q5_KBlock& block, std::size_t part) {
  return block.head.scale_of(part);
}
inline float minimum_of(const Q5_KBlock& block, std::size_t half) {
  return block.head.minimum_of(half / 2);
}

inline void codes(const Q5_KBlock& block, std::size_t part, std::uint8_t* out) {
  const std::uint8_t* pairs = block.pairs + part / 2 * kPartSize;
  for (std::size_t i = 0; i < kPartSize; ++i) {
    const int low = pairs[i] >> (part % 2 * 4) & 15;
    out[i] = static_cast<std::uint8_t>(low | (block.fifth_bits[i] >> part & 1) << 4);
  }
}

inline void pack_block(const float* x, Q5_KBlock& block) {
  std::uint8_t out[Q5_KBlock::kSize];
  block.head = pack_k(x, Q5_KBlock::kLargestCode, out);
  pair_parts(out, block.pairs);
  std::fill_n(block.fifth_bits, kPartSize, std::uint8_t{0});
  for (std::size_t i = 0; i < Q5_KBlock::kSize; ++i) {
    std::uint8_t& bits = block.fifth_bits[i % kPartSize];
    bits = static_cast<std::uint8_t>(bits | (out[i] >> 4) << (i / kPartSize));
  }
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256i codes(const Q5_KBlock& block, std::size_t part) {
  const __m256i pairs = load_bytes(block.pairs + part / 2 * kPartSize);
  const __m256i low = _mm256_and_si256(_mm256_srli_epi16(pairs, static_cast<int>(part % 2 * 4)),
                                       _mm256_set1_epi8(15));
  const __m256i bits = _mm256_srli_epi16(load_bytes(block.fifth_bits), static_cast<int>(part));
  const __m256i fifth = _mm256_and_si256(_mm256_slli_epi16(bits, 4), _mm256_set1_epi8(16));
  return _mm256_or_si256(low, fifth);
}
MINILLAMA_INLINE __m256 part_scales(const Q5_KBlock& block) {
  return part_scales(block.head);
}
MINILLAMA_INLINE __m256 part_minima(const Q5_KBlock& block) {
  return part_minima(block.head);
}

}  // namespace
#endif

}  // namespace minillama::kernels
