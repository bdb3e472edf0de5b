#pragma once

// GGUF's Q4_1: four bits for a weight, and a minimum for each block.

#include "minillama/kernels/blocks/block.h"

namespace minillama::kernels {

struct Q4_1Block : BlockOf<DType::q4_1> {
  static constexpr int kLargestCode = 15;
  static constexpr bool kHasMinimum = true;
  static constexpr std::uint32_t kFileType = 3;

  std::uint16_t scale;   ///< a half float
  std::uint16_t lowest;  ///< a half float: the number of code 0
  std::uint8_t pairs[kPartSize / 2];
};

inline void codes(const Q4_1Block& block, std::size_t /*part*/, std::uint8_t* out) {
  nibbles(block.pairs, out);
}

inline void pack_block(const float* x, Q4_1Block& block) {
  std::uint8_t out[kPartSize];
  pack_between(x, block, out);
  pair_nibbles(out, block.pairs);
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256i codes(const Q4_1Block& block, std::size_t /*part*/) {
  return nibbles(block.pairs);
}

}  // namespace
#endif

}  // namespace minillama::kernels
