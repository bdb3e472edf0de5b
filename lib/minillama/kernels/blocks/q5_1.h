#pragma once

// GGUF's Q5_1: five bits for a weight, and a minimum for each block.

#include "minillama/kernels/blocks/block.h"

namespace minillama::kernels {

struct Q5_1Block : BlockOf<DType::q5_1> {
  static constexpr int kLargestCode = 31;
  static constexpr bool kHasMinimum = true;
  static constexpr std::uint32_t kFileType = 9;

  std::uint16_t scale;         ///< a half float
  std::uint16_t lowest;        ///< a half float: the number of code 0
  std::uint8_t fifth_bits[4];  ///< bit i is code i's
  std::uint8_t pairs[kPartSize / 2];
};

inline void codes(const Q5_1Block& block, std::size_t /*part*/, std::uint8_t* out) {
  nibbles(block.pairs, out);
  add_fifth_bits(block.fifth_bits, out);
}

inline void pack_block(const float* x, Q5_1Block& block) {
  std::uint8_t out[kPartSize];
  pack_between(x, block, out);
  take_fifth_bits(out, block.fifth_bits);
  pair_nibbles(out, block.pairs);
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256i codes(const Q5_1Block& block, std::size_t /*part*/) {
  return _mm256_or_si256(nibbles(block.pairs), fifth_bits(block.fifth_bits));
}

}  // namespace
#endif

}  // namespace minillama::kernels
