#pragma once

// Not part of the interface of kernels/: block_matmul() of few tokens. The codes of eight
// parts of a row come out of the blocks straight into dot products, whose lanes are then summed up,
// so that a vector has the dot products of eight parts. Scales, minima and the sums of floats are
// vectors of eight parts, too.

#include <immintrin.h>

#include <cstdint>

#include "minillama/kernels/block_product.h"
#include "minillama/kernels/block_step.h"

namespace minillama::kernels {
namespace {  // each file has its own, for its instruction set

/// How far ahead of the parts in use others are asked for where rows are read side by side: they
/// are so short that some processors stop fetching ahead at the end of each (docs/performance.md).
constexpr std::size_t kPrefetchBytes = 8192;

MINILLAMA_INLINE float sum_of_lanes(const __m256& v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/// A vector whose lane k is the sum of the lanes of vectors(k).
template <typename Vectors>
MINILLAMA_INLINE __m256i sums_of_lanes(const Vectors& vectors) {
  const auto four = [&](int k) MINILLAMA_INLINED {
    return _mm256_hadd_epi32(_mm256_hadd_epi32(vectors(k), vectors(k + 1)),
                             _mm256_hadd_epi32(vectors(k + 2), vectors(k + 3)));
  };
  const __m256i a = four(0), b = four(4);
  return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20),
                          _mm256_permute2x128_si256(a, b, 0x31));
}

/// Both sub-scales of part k, each for the eight pairs of products that it belongs to.
MINILLAMA_INLINE __m256i sub_scales_of(const __m128i& all, int k) {
  const __m256i both = _mm256_broadcastsi128_si256(all);
  // The byte goes to the upper half of each sixteen bits, from where it is shifted down.
  const __m256i index =
      _mm256_set_m128i(_mm_set1_epi16(static_cast<std::int16_t>((2 * k + 1) << 8 | 0x80)),
                       _mm_set1_epi16(static_cast<std::int16_t>((2 * k) << 8 | 0x80)));
  return _mm256_srai_epi16(_mm256_shuffle_epi8(both, index), 8);
}

/// Eight lanes, of which those from `count` on are 0 and not read.
MINILLAMA_INLINE __m256i lanes_below(std::size_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
}

/// What eight parts of an input have besides their values.
struct StepInput {
  __m256 scales;
  __m256i half_sums;
  __m256i sums;        ///< of the values
  __m256 number_sums;  ///< of the numbers
};

template <bool IsWhole>
MINILLAMA_INLINE StepInput step_input(const float* scales, const std::int16_t* half_sums,
                                      std::size_t count) {
  StepInput in;
  if constexpr (IsWhole) {
    in.scales = _mm256_loadu_ps(scales);
    in.half_sums = load_bytes(half_sums);
  } else {
    const __m256i mask = lanes_below(count);
    in.scales = _mm256_maskload_ps(scales, mask);
    in.half_sums = _mm256_maskload_epi32(reinterpret_cast<const int*>(half_sums), mask);
  }
  in.sums = _mm256_madd_epi16(in.half_sums, _mm256_set1_epi16(1));
  in.number_sums = _mm256_mul_ps(_mm256_cvtepi32_ps(in.sums), in.scales);
  return in;
}

/// The dot products of eight parts of a row with an input.
template <typename Set, bool IsWhole, typename Block>
MINILLAMA_INLINE __m256i dots_of(const Step<Block>& step, const std::int8_t* x,
                                 const StepInput& in) {
  [[maybe_unused]] __m128i subs;
  if constexpr (Block::kHasSubScales) subs = sub_scales(*step.blocks);
  const auto products = [&](int k) MINILLAMA_INLINED {
    const auto part = static_cast<std::size_t>(k);
    if (!IsWhole && part >= step.count) return _mm256_setzero_si256();
    const __m256i w = codes(step.block(part), part % Step<Block>::kParts);
    const __m256i values = load_bytes(x + part * kPartSize);
    if constexpr (Block::kHasSubScales) {
      return _mm256_madd_epi16(_mm256_maddubs_epi16(w, values), sub_scales_of(subs, k));
    } else {
      return Set::template products<Block>(w, values);
    }
  };
  const __m256i dots = sums_of_lanes(products);
  if constexpr (Set::template kIsSigned<Block> || Block::kOffset == 0) {
    return dots;
  } else {
    __m256i sums = in.sums;
    if constexpr (Block::kHasSubScales) {
      sums = _mm256_madd_epi16(_mm256_cvtepi8_epi16(subs), in.half_sums);
    }
    return _mm256_sub_epi32(dots, _mm256_mullo_epi32(sums, _mm256_set1_epi32(Block::kOffset)));
  }
}

template <typename Set, bool IsWhole, int Rows, typename Block>
MINILLAMA_INLINE void add_step(const BlockProduct<Block>& p, std::size_t row, std::size_t token,
                               std::size_t part, __m256 (&sums)[Rows]) {
  const std::size_t count = IsWhole ? 8 : p.parts() - part;
  const auto in = step_input<IsWhole>(p.scales(token) + part, p.half_sums(token) + 2 * part, count);
  for (int r = 0; r < Rows; ++r) {
    const Step<Block> step{p.row(row + static_cast<std::size_t>(r)) + part / Step<Block>::kParts,
                           count};
    if constexpr (Rows > 1) {
      constexpr std::size_t kLine = 64, kStepBytes = 8 * kPartSize / Block::kSize * sizeof(Block);
      for (std::size_t at = 0; at < kStepBytes; at += kLine) {
        __builtin_prefetch(reinterpret_cast<const char*>(step.blocks) + at + kPrefetchBytes);
      }
    }
    const __m256i dots = dots_of<Set, IsWhole>(step, p.values(token) + part * kPartSize, in);
    sums[r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), _mm256_mul_ps(scales_of(step), in.scales),
                              sums[r]);
    if constexpr (Block::kHasMinimum) {
      sums[r] = _mm256_fnmadd_ps(minima_of(step), in.number_sums, sums[r]);
    }
  }
}

/// `Rows` rows with each of the tokens.
template <typename Set, int Rows, typename Block>
MINILLAMA_INLINE void row_product(const BlockProduct<Block>& p, std::size_t row) {
  for (std::size_t t = 0; t < p.tokens; ++t) {
    __m256 sums[Rows] = {};
    std::size_t part = 0;
    for (; part + 8 <= p.parts(); part += 8) add_step<Set, true>(p, row, t, part, sums);
    if constexpr (Step<Block>::kParts == 1) {
      if (part < p.parts()) add_step<Set, false>(p, row, t, part, sums);
    }
    for (int r = 0; r < Rows; ++r) {
      p.put(t, row + static_cast<std::size_t>(r), sum_of_lanes(sums[r]));
    }
  }
}

}  // namespace
}  // namespace minillama::kernels
