#pragma once

// GGUF's Q8_0: eight bits for a weight.

#include "minillama/kernels/blocks/block.h"

namespace minillama::kernels {

/// The codes are the values + 128, so that none is negative.
struct Q8_0Block : BlockOf<DType::q8_0> {
  static constexpr int kLargestCode = 255, kOffset = 128;
  static constexpr std::uint32_t kFileType = 7;
  static constexpr double kBeyond = 127 * kBeyondHalf;

  std::uint16_t scale;  ///< a half float: largest magnitude of the block / 127
  std::int8_t values[kPartSize];
};

inline void codes(const Q8_0Block& block, std::size_t /*part*/, std::uint8_t* out) {
  for (std::size_t i = 0; i < kPartSize; ++i)
    out[i] = static_cast<std::uint8_t>(block.values[i] + 128);
}

inline void pack_block(const float* x, Q8_0Block& block) {
  const Range range = range_of(x, kPartSize);
  const float scale = range.magnitude() / 127 + range.nothing;
  const float inverse = inverse_of(scale);
  block.scale = to_half(scale);
  for (std::size_t i = 0; i < kPartSize; ++i) {
    block.values[i] = static_cast<std::int8_t>(round_to_even(x[i] * inverse));
  }
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256i codes(const Q8_0Block& block, std::size_t /*part*/) {
  return _mm256_xor_si256(load_bytes(block.values), _mm256_set1_epi8(-128));
}

}  // namespace
#endif

}  // namespace minillama::kernels
