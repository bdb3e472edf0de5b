#pragma once

// Not part of the interface of kernels/: scales of blocks as vectors.

#include <immintrin.h>

#include <cstdint>

#include "minillama/kernels/block_product.h"

namespace minillama::kernels {
namespace {  // each file has its own, for its instruction set

/// Eight parts of a row, of which the last of a row may be fewer: `count`.
template <typename Block>
struct Step {
  static constexpr std::size_t kParts = Block::kSize / kPartSize;  // of a block

  const Block* blocks;
  std::size_t count;

  const Block& block(std::size_t part) const { return blocks[part / kParts]; }
};

/// The half floats `field` of up to eight blocks of one part each.
template <typename Block>
MINILLAMA_INLINE __m256 halves_of(const Step<Block>& step, std::uint16_t Block::*field) {
  const auto half = [&](std::size_t k) MINILLAMA_INLINED {
    return static_cast<std::int16_t>(k < step.count ? step.blocks[k].*field : 0);
  };
  return _mm256_cvtph_ps(
      _mm_setr_epi16(half(0), half(1), half(2), half(3), half(4), half(5), half(6), half(7)));
}

template <typename Block>
MINILLAMA_INLINE __m256 scales_of(const Step<Block>& step) {
  if constexpr (Step<Block>::kParts == 1) {
    return halves_of(step, &Block::scale);
  } else {
    return part_scales(*step.blocks);
  }
}

template <typename Block>
MINILLAMA_INLINE __m256 minima_of(const Step<Block>& step) {
  if constexpr (Step<Block>::kParts == 1) {
    return _mm256_xor_ps(halves_of(step, &Block::lowest), _mm256_set1_ps(-0.0F));
  } else {
    return part_minima(*step.blocks);
  }
}

}  // namespace
}  // namespace minillama::kernels
