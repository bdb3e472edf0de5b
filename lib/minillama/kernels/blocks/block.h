#pragma once

// Not part of the interface of kernels/: what the kinds of blocks share. A kind is a struct that
// lies as GGUF stores it, and these functions, found by the type of the block:
//
//     codes(block, part, out)      the 32 codes of a part
//     scale_of(block, part)        and, where it has them, minimum_of(block, half) and
//                                  sub_scale_of(block, half), half 2 i being in part i
//     pack_block(x, block)         the block of kSize numbers; kinds that are only read lack it
//
// and, compiled for AVX2 in files of their own,
//
//     codes(block, part)           the same as a vector
//     part_scales(block)           of the eight parts of a block of 256 numbers; where it has them,
//                                  part_minima(block) and sub_scales(block)

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "minillama/io/dtype.h"
#include "minillama/kernels/blocks.h"
#include "minillama/kernels/half.h"

namespace minillama::kernels {

/// From half a step beyond the largest half float on, rounding gives infinity.
inline constexpr double kBeyondHalf = 65520;

/// What a kind of block says of itself, unless it says otherwise.
template <DType Type>
struct BlockOf {
  static constexpr DType kType = Type;
  static constexpr std::size_t kSize = block_size(Type);  ///< numbers
  /// What rows that are no multiple of the block are stored in, as llama.cpp has it.
  static constexpr DType kFallback = Type;
  static constexpr int kOffset = 0;
  static constexpr bool kHasMinimum = false;
  static constexpr bool kHasSubScales = false;
  static constexpr double kBeyond = kBeyondHalf;  ///< magnitudes from here on become infinite
};

template <typename Block>
float scale_of(const Block& block, std::size_t /*part*/) {
  return from_half(block.scale);
}
template <typename Block>
float minimum_of(const Block& block, std::size_t /*half*/) {
  return -from_half(block.lowest);
}

/// What packing needs to know of some numbers.
struct Range {
  float lowest = 0, highest = 0;
  float extreme = 0;  ///< the number of the largest magnitude
  float nothing = 0;  ///< NaN if one of them is not finite

  float magnitude() const { return std::fabs(extreme); }
};

inline Range range_of(const float* x, std::size_t size) {
  Range range{.lowest = x[0], .highest = x[0]};
  for (std::size_t i = 0; i < size; ++i) {
    range.lowest = std::min(range.lowest, x[i]);
    range.highest = std::max(range.highest, x[i]);
    if (std::fabs(x[i]) > range.magnitude()) range.extreme = x[i];
    range.nothing += x[i] * 0.0F;
  }
  return range;
}

/// 1 / scale; 0 if the scale is 0 or NaN.
inline float inverse_of(float scale) {
  return scale != 0 && scale == scale ? 1 / scale : 0;
}

/// The nearest integer, of two the even one, for magnitudes up to 2^22.
inline std::int32_t round_to_even(float x) {
  // Adding 1.5 * 2^23 leaves it in the low bits of the sum.
  return std::bit_cast<std::int32_t>(x + 12582912.0F) - std::bit_cast<std::int32_t>(12582912.0F);
}

/// The nearest code, of two the higher one.
inline std::uint8_t nearest_code(float x, int largest) {
  return static_cast<std::uint8_t>(std::clamp(x + 0.5F, 0.0F, static_cast<float>(largest)));
}

/// Codes and scale of one part around 0: the extreme number gets code 0.
template <typename Block>
std::uint16_t pack_signed(const float* x, std::uint8_t* out) {
  const Range range = range_of(x, kPartSize);
  const float scale = range.extreme / -Block::kOffset + range.nothing;
  const float inverse = inverse_of(scale);
  for (std::size_t i = 0; i < kPartSize; ++i) {
    const float shifted = range.nothing == 0 ? x[i] * inverse + Block::kOffset : Block::kOffset;
    out[i] = nearest_code(shifted, Block::kLargestCode);
  }
  return to_half(scale);
}

/// Codes, scale and lowest number of one part.
template <typename Block>
void pack_between(const float* x, Block& block, std::uint8_t* out) {
  const Range range = range_of(x, kPartSize);
  const float scale = (range.highest - range.lowest) / Block::kLargestCode + range.nothing;
  const float inverse = inverse_of(scale);
  for (std::size_t i = 0; i < kPartSize; ++i) {
    const float shifted = range.nothing == 0 ? (x[i] - range.lowest) * inverse : 0;
    out[i] = nearest_code(shifted, Block::kLargestCode);
  }
  block.scale = to_half(scale);
  block.lowest = to_half(range.lowest);
}

/// Sixteen bytes hold 32 codes: byte i has code i in its low half and code 16 + i in its high one.
inline void nibbles(const std::uint8_t* pairs, std::uint8_t* out) {
  for (std::size_t i = 0; i < kPartSize / 2; ++i) {
    out[i] = pairs[i] & 15;
    out[kPartSize / 2 + i] = pairs[i] >> 4;
  }
}
inline void pair_nibbles(const std::uint8_t* codes, std::uint8_t* pairs) {
  for (std::size_t i = 0; i < kPartSize / 2; ++i) {
    pairs[i] = static_cast<std::uint8_t>((codes[i] & 15) | (codes[kPartSize / 2 + i] & 15) << 4);
  }
}

/// Four bytes hold the fifth bits of 32 codes, beginning with the lowest.
inline void add_fifth_bits(const std::uint8_t* bits, std::uint8_t* codes) {
  for (std::size_t i = 0; i < kPartSize; ++i) {
    codes[i] = static_cast<std::uint8_t>(codes[i] | (bits[i / 8] >> (i % 8) & 1) << 4);
  }
}
inline void take_fifth_bits(const std::uint8_t* codes, std::uint8_t* bits) {
  std::fill_n(bits, kPartSize / 8, std::uint8_t{0});
  for (std::size_t i = 0; i < kPartSize; ++i) {
    bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (codes[i] >> 4 & 1) << (i % 8));
  }
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

template <typename T>
MINILLAMA_INLINE __m256i load_bytes(const T* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

MINILLAMA_INLINE __m256i nibbles(const std::uint8_t* pairs) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pairs));
  const __m256i both = _mm256_set_m128i(_mm_srli_epi16(low, 4), low);
  return _mm256_and_si256(both, _mm256_set1_epi8(15));
}

/// 16 for each of 32 bits that is set.
MINILLAMA_INLINE __m256i fifth_bits(const std::uint8_t* bits) {
  std::int32_t word = 0;
  __builtin_memcpy(&word, bits, sizeof(word));
  // Byte i / 8 of the word, of which bit i % 8 is looked at.
  const __m256i bytes = _mm256_shuffle_epi8(
      _mm256_set1_epi32(word),
      _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303));
  const __m256i bit = _mm256_set1_epi64x(static_cast<std::int64_t>(0x8040201008040201));
  const __m256i is_set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit);
  return _mm256_and_si256(is_set, _mm256_set1_epi8(16));
}

}  // namespace
#endif

}  // namespace minillama::kernels
