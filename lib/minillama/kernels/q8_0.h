#pragma once

// GGUF's Q8_0: eight bits for a weight.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "minillama/kernels/blocks.h"
#include "minillama/kernels/half.h"

namespace minillama::kernels {

/// A number is scale * value.
struct Q8Block {
  static constexpr std::int8_t kOffset = -128;  ///< 128, read without a sign: see with_offset()
  /// From memory, rows are read one after the other for few tokens: it takes longer than
  /// arithmetic.
  static constexpr bool kRowsShareInput = false;

  std::uint16_t scale;  ///< a half float: largest magnitude of the block / 127
  std::int8_t values[kBlockSize];
};
static_assert(sizeof(Q8Block) == 34);

MINILLAMA_INLINE void unpack_values(const Q8Block& block, std::int8_t* values) {
  std::memcpy(values, block.values, kBlockSize);
}

inline void pack_block(const float* x, Q8Block& block) {
  float largest = 0, nothing = 0;
  for (std::size_t i = 0; i < kBlockSize; ++i) {
    largest = std::max(largest, std::fabs(x[i]));
    nothing += x[i] * 0.0F;  // NaN from NaN and infinity
  }
  const float scale = largest / 127 + nothing;
  const float inverse = scale > 0 ? 1 / scale : 0;
  block.scale = to_half(scale);
  for (std::size_t i = 0; i < kBlockSize; ++i) {
    // Adding 1.5 * 2^23 leaves the rounded number, of halves the even one, in the low byte.
    const auto bits = std::bit_cast<std::int32_t>(x[i] * inverse + 12582912.0F);
    block.values[i] = static_cast<std::int8_t>(bits);
  }
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256i unpack_values(const Q8Block& block) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block.values));
}

/// The values and kOffset: none is negative.
MINILLAMA_INLINE __m256i with_offset(const Q8Block& block) {
  return _mm256_xor_si256(unpack_values(block), _mm256_set1_epi8(Q8Block::kOffset));
}

}  // namespace
#endif

}  // namespace minillama::kernels
