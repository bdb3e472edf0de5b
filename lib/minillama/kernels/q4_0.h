#pragma once

// GGUF's Q4_0: four bits for a weight.

#include <algorithm>
#include <cmath>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "minillama/kernels/blocks.h"
#include "minillama/kernels/half.h"

namespace minillama::kernels {

/// Number i < 16 is scale * (low half of byte i - 8), number 16 + i the same of the high half.
struct Q4Block {
  static constexpr std::int8_t kOffset = 8;  ///< see with_offset()
  /// Several rows share an input from memory, too: unpacking takes longer.
  static constexpr bool kRowsShareInput = true;

  std::uint16_t scale;  ///< a half float: the number of the largest magnitude / -8
  std::uint8_t pairs[kBlockSize / 2];
};
static_assert(sizeof(Q4Block) == 18);

MINILLAMA_INLINE void unpack_values(const Q4Block& block, std::int8_t* values) {
  for (std::size_t i = 0; i < kBlockSize / 2; ++i) {
    values[i] = static_cast<std::int8_t>((block.pairs[i] & 15) - 8);
    values[kBlockSize / 2 + i] = static_cast<std::int8_t>((block.pairs[i] >> 4) - 8);
  }
}

inline void pack_block(const float* x, Q4Block& block) {
  float extreme = 0, nothing = 0;
  for (std::size_t i = 0; i < kBlockSize; ++i) {
    if (std::fabs(x[i]) > std::fabs(extreme)) extreme = x[i];
    nothing += x[i] * 0.0F;  // NaN from NaN and infinity
  }
  const float scale = extreme / -8 + nothing;
  const float inverse = scale != 0 && scale == scale ? 1 / scale : 0;
  block.scale = to_half(scale);
  const auto half_byte = [&](float value) {
    const float shifted = nothing == 0 ? value * inverse + 8.5F : 8.5F;
    return static_cast<unsigned>(std::clamp(shifted, 0.0F, 15.0F));
  };
  for (std::size_t i = 0; i < kBlockSize / 2; ++i) {
    const unsigned pair = half_byte(x[i]) | half_byte(x[kBlockSize / 2 + i]) << 4;
    block.pairs[i] = static_cast<std::uint8_t>(pair);
  }
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

/// The values and kOffset: none is negative.
MINILLAMA_INLINE __m256i with_offset(const Q4Block& block) {
  const __m128i pairs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block.pairs));
  const __m256i both = _mm256_set_m128i(_mm_srli_epi16(pairs, 4), pairs);
  return _mm256_and_si256(both, _mm256_set1_epi8(15));
}

MINILLAMA_INLINE __m256i unpack_values(const Q4Block& block) {
  return _mm256_sub_epi8(with_offset(block), _mm256_set1_epi8(Q4Block::kOffset));
}

}  // namespace
#endif

}  // namespace minillama::kernels
