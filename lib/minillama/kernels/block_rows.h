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
  // Instructions that add neighbours do the same and are slower on some processors.
  const auto two = [&](int k) MINILLAMA_INLINED {
    const __m256i a = vectors(k), b = vectors(k + 1);
    return _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
  };
  const auto four = [&](int k) MINILLAMA_INLINED {
    const __m256i a = two(k), b = two(k + 2);
    return _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
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

/// A vector of sums for each row with each token.
template <int Rows, int Tokens>
struct Sums {
  __m256 of[Rows][Tokens];
};

/// What eight parts of an input have besides their values.
struct StepInput {
  __m256 scales;
  __m256i half_sums;
  __m256i sums;        ///< of the values
  __m256 number_sums;  ///< of the numbers
};

MINILLAMA_INLINE StepInput step_input(const float* scales, const std::int16_t* half_sums,
                                      std::size_t count) {
  StepInput in;
  if (count == 8) {
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

/// The dot products of the parts of a row, whose codes are `w`, with an input.
template <typename Set, typename Block>
MINILLAMA_INLINE __m256i dots_of(const Step<Block>& step, const __m256i (&w)[8],
                                 const std::int8_t* x, const StepInput& in) {
  [[maybe_unused]] __m128i subs;
  if constexpr (Block::kHasSubScales) subs = sub_scales(*step.blocks);
  const auto products = [&](int k) MINILLAMA_INLINED {
    const auto part = static_cast<std::size_t>(k);
    if (part >= step.count) return _mm256_setzero_si256();
    const __m256i values = load_bytes(x + part * kPartSize);
    if constexpr (Block::kHasSubScales) {
      return _mm256_madd_epi16(_mm256_maddubs_epi16(w[k], values), sub_scales_of(subs, k));
    } else {
      return Set::template products<Block>(w[k], values);
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

/// `count` parts, eight at most, of `Rows` rows with `Tokens` inputs. A row is unpacked once for
/// all of them.
template <typename Set, int Rows, int Tokens, typename Block>
MINILLAMA_INLINE void add_step(const BlockProduct<Block>& p, std::size_t row, std::size_t token,
                               std::size_t part, std::size_t count, Sums<Rows, Tokens>& sums) {
  StepInput in[Tokens];
  for (int t = 0; t < Tokens; ++t) {
    const std::size_t at = token + static_cast<std::size_t>(t);
    in[t] = step_input(p.scales(at) + part, p.half_sums(at) + 2 * part, count);
  }
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) {
    const Step<Block> step{p.row(row + static_cast<std::size_t>(r)) + part / Step<Block>::kParts,
                           count};
    if constexpr (Rows > 1) {
      constexpr std::size_t kLine = 64, kStepBytes = 8 * kPartSize / Block::kSize * sizeof(Block);
      for (std::size_t at = 0; at < kStepBytes; at += kLine) {
        __builtin_prefetch(reinterpret_cast<const char*>(step.blocks) + at + kPrefetchBytes);
      }
    }
    __m256i w[8];
    for (std::size_t k = 0; k < count; ++k) w[k] = codes(step.block(k), k % Step<Block>::kParts);
    const __m256 scales = scales_of(step);
    for (int t = 0; t < Tokens; ++t) {
      const std::int8_t* x = p.values(token + static_cast<std::size_t>(t)) + part * kPartSize;
      const __m256i dots = dots_of<Set>(step, w, x, in[t]);
      __m256& sum = sums.of[r][t];
      sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), _mm256_mul_ps(scales, in[t].scales), sum);
      if constexpr (Block::kHasMinimum) {
        sum = _mm256_fnmadd_ps(minima_of(step), in[t].number_sums, sum);
      }
    }
  }
}

/// The fewer than eight parts at the end of a row. Each number of them is compiled for itself, so
/// that no part is asked for that is not there.
template <typename Set, int Rows, int Tokens, typename Block>
__attribute__((noinline)) void add_rest(const BlockProduct<Block>& p, std::size_t row,
                                        std::size_t token, std::size_t part,
                                        Sums<Rows, Tokens>& sums) {
  switch (p.parts() - part) {
    case 1:
      return add_step<Set>(p, row, token, part, 1, sums);
    case 2:
      return add_step<Set>(p, row, token, part, 2, sums);
    case 3:
      return add_step<Set>(p, row, token, part, 3, sums);
    case 4:
      return add_step<Set>(p, row, token, part, 4, sums);
    case 5:
      return add_step<Set>(p, row, token, part, 5, sums);
    case 6:
      return add_step<Set>(p, row, token, part, 6, sums);
    case 7:
      return add_step<Set>(p, row, token, part, 7, sums);
  }
}

/// `Rows` rows with `Tokens` tokens.
template <typename Set, int Rows, int Tokens, typename Block>
MINILLAMA_INLINE void row_tile(const BlockProduct<Block>& p, std::size_t row, std::size_t token) {
  Sums<Rows, Tokens> sums = {};
  std::size_t part = 0;
  for (; part + 8 <= p.parts(); part += 8) add_step<Set>(p, row, token, part, 8, sums);
  if constexpr (Step<Block>::kParts == 1) {
    if (part < p.parts()) {
      Sums<Rows, Tokens> all = sums;  // a copy, so that those of the loop stay in registers
      add_rest<Set>(p, row, token, part, all);
      sums = all;
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int t = 0; t < Tokens; ++t) {
      p.put(token + static_cast<std::size_t>(t), row + static_cast<std::size_t>(r),
            sum_of_lanes(sums.of[r][t]));
    }
  }
}

/// `Rows` rows with each of the tokens.
template <typename Set, int Rows, typename Block>
MINILLAMA_INLINE void row_product(const BlockProduct<Block>& p, std::size_t row) {
  std::size_t t = 0;
  for (; t + 2 <= p.tokens; t += 2) row_tile<Set, Rows, 2>(p, row, t);
  if (t < p.tokens) row_tile<Set, Rows, 1>(p, row, t);
}

}  // namespace
}  // namespace minillama::kernels
