#pragma once

// GGUF's Q4_0: four bits for a weight.

#include "minillama/kernels/blocks/block.h"

namespace minillama::kernels {

struct Q4_0Block : BlockOf<DType::q4_0> {
  static constexpr int kLargestCode = 15, kOffset = 8;
  static constexpr std::uint32_t kFileType = 2;
  static constexpr double kBeyond = 8 * kBeyondHalf;

  std::uint16_t scale;  ///< a half float: the number of the largest magnitude / -8
  std::uint8_t pairs[kPartSize / 2];
};

inline void codes(const Q4_0Block& block, std::size_t /*part*/, std::uint8_t* out) {
  nibbles(block.pairs, out);
}

inline void pack_block(const float* x, Q4_0Block& block) {
  std::uint8_t out[kPartSize];
  block.scale = pack_signed<Q4_0Block>(x, out);
  pair_nibbles(out, block.pairs);
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256i codes(const Q4_0Block& block, std::size_t /*part*/) {
  return nibbles(block.pairs);
}

}  // namespace
#endif

}  // namespace minillama::kernels
