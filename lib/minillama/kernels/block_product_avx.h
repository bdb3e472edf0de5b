#pragma once

// Not part of the interface of kernels/: what the AVX versions of block_matmul() share. Each is
// made of a `Set`, which says how codes and inputs are multiplied, and does one of two things:
//
// - Few tokens (row_product()): the codes of eight parts of a row come out of the blocks straight
//   into dot products, whose lanes are then summed up, so that a vector has the dot products of
//   eight parts. Scales, minima and the sums of floats are vectors of eight parts, too.
// - Many tokens (panel_product()): sixteen rows are unpacked into a panel, in which four codes of
//   each row follow those of the row before; so a lane of a dot product belongs to one row, and
//   four values of the input serve all rows. What it costs to unpack is shared by the tokens.
//
// Both add the same integers, and the same floats in the same order.

#include <immintrin.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "minillama/kernels/block_product.h"

namespace minillama::kernels {
namespace {  // each file has its own, for its instruction set

/// Rows of a panel.
constexpr std::size_t kPanelRows = 16;

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
  std::uint16_t halves[8] = {};
  for (std::size_t k = 0; k < step.count; ++k) halves[k] = step.blocks[k].*field;
  __m128i vector;
  std::memcpy(&vector, halves, sizeof(vector));
  return _mm256_cvtph_ps(vector);
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

/// Up to sixteen rows, unpacked. The memory is kept for the next ones.
struct Panel {
  std::vector<std::uint8_t> codes;       ///< [parts, 8, 16, 4]: four of each row, eight times
  std::vector<float> scales;             ///< [parts, 16]
  std::vector<float> minima;             ///< [parts, 16]
  std::vector<std::int16_t> sub_scales;  ///< [parts, 16, 2]
};

/// Eight vectors of eight 32-bit numbers: rows become columns.
MINILLAMA_INLINE void transpose(__m256i (&v)[8]) {
  __m256i pairs[8], fours[8];
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm256_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
    pairs[2 * i + 1] = _mm256_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    for (int k = 0; k < 2; ++k) {
      fours[4 * i + 2 * k] = _mm256_unpacklo_epi64(pairs[4 * i + k], pairs[4 * i + 2 + k]);
      fours[4 * i + 2 * k + 1] = _mm256_unpackhi_epi64(pairs[4 * i + k], pairs[4 * i + 2 + k]);
    }
  }
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm256_permute2x128_si256(fours[i], fours[4 + i], 0x20);
    v[4 + i] = _mm256_permute2x128_si256(fours[i], fours[4 + i], 0x31);
  }
}

template <typename Block>
void fill(Panel& panel, const BlockProduct<Block>& p, std::size_t row, std::size_t count) {
  constexpr std::size_t kParts = Step<Block>::kParts;
  panel.codes.resize(p.parts() * kPartSize * kPanelRows);
  panel.scales.resize(p.parts() * kPanelRows);
  if constexpr (Block::kHasMinimum) panel.minima.resize(panel.scales.size());
  if constexpr (Block::kHasSubScales) panel.sub_scales.resize(2 * panel.scales.size());
  // The rows of a panel that are beyond the last one are that one, and their results are not used.
  const auto row_of = [&](std::size_t r) { return p.row(row + std::min(r, count - 1)); };
  for (std::size_t first = 0; first < kPanelRows; first += 8) {
    for (std::size_t part = 0; part < p.parts(); ++part) {
      __m256i rows[8];
      for (std::size_t r = 0; r < 8; ++r) {
        const Block& block = row_of(first + r)[part / kParts];
        rows[r] = codes(block, part % kParts);
      }
      transpose(rows);
      std::uint8_t* out = panel.codes.data() + part * kPartSize * kPanelRows + first * 4;
      for (std::size_t k = 0; k < 8; ++k) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + k * kPanelRows * 4), rows[k]);
      }
    }
  }
  for (std::size_t r = 0; r < kPanelRows; ++r) {
    for (std::size_t part = 0; part < p.parts(); part += 8) {
      const Step<Block> step{row_of(r) + part / kParts, std::min<std::size_t>(8, p.parts() - part)};
      float of_parts[8], least[8];
      std::int16_t subs[16];
      _mm256_storeu_ps(of_parts, scales_of(step));
      if constexpr (Block::kHasMinimum) _mm256_storeu_ps(least, minima_of(step));
      if constexpr (Block::kHasSubScales) {
        const __m256i all = _mm256_cvtepi8_epi16(sub_scales(*step.blocks));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(subs), all);
      }
      for (std::size_t k = 0; k < step.count; ++k) {
        const std::size_t at = (part + k) * kPanelRows + r;
        panel.scales[at] = of_parts[k];
        if constexpr (Block::kHasMinimum) panel.minima[at] = least[k];
        if constexpr (Block::kHasSubScales) std::copy_n(subs + 2 * k, 2, &panel.sub_scales[2 * at]);
      }
    }
  }
}

/// A panel of `count` rows with `Tokens` tokens.
template <typename Set, int Tokens, typename Block>
MINILLAMA_INLINE void panel_tile(const BlockProduct<Block>& p, const Panel& panel, std::size_t row,
                                 std::size_t count, std::size_t token) {
  using Floats = typename Set::Floats;
  constexpr int kVectors = Set::kVectors;  // of sixteen rows
  constexpr std::size_t kLanes = kPanelRows / kVectors;
  Floats sums[kSums][Tokens][kVectors] = {};
  for (std::size_t part = 0; part < p.parts(); ++part) {
    const std::size_t at = part * kPanelRows;
    typename Set::Ints dots[Tokens][kVectors];
    const std::int16_t* subs = nullptr;
    if constexpr (Block::kHasSubScales) subs = panel.sub_scales.data() + 2 * at;
    Set::template panel_dots<Block, Tokens>(panel.codes.data() + at * kPartSize, subs,
                                            p.values(token) + part * kPartSize, p.cols,
                                            p.half_sums(token) + 2 * part, dots);
    for (int t = 0; t < Tokens; ++t) {
      const std::size_t i = (token + static_cast<std::size_t>(t)) * p.parts() + part;
      const std::int16_t* halves = p.x.half_sums + 2 * i;
      const float x_scale = p.x.scales[i];
      for (int v = 0; v < kVectors; ++v) {
        const std::size_t lane = at + static_cast<std::size_t>(v) * kLanes;
        Floats& sum = sums[part % kSums][t][v];
        const Floats scale =
            Set::multiply(Set::load(panel.scales.data() + lane), Set::all(x_scale));
        sum = Set::add_product(Set::to_floats(dots[t][v]), scale, sum);
        if constexpr (Block::kHasMinimum) {
          const float x_sum = static_cast<float>(halves[0] + halves[1]) * x_scale;
          sum = Set::subtract_product(Set::load(panel.minima.data() + lane), Set::all(x_sum), sum);
        }
      }
    }
  }
  for (int t = 0; t < Tokens; ++t) {
    float totals[kPanelRows];
    for (int v = 0; v < kVectors; ++v) {
      const auto sum = [&](int i) { return sums[i][t][v]; };
      const Floats total =
          ((sum(0) + sum(4)) + (sum(2) + sum(6))) + ((sum(1) + sum(5)) + (sum(3) + sum(7)));
      Set::store(totals + static_cast<std::size_t>(v) * kLanes, total);
    }
    for (std::size_t r = 0; r < count; ++r)
      p.put(token + static_cast<std::size_t>(t), row + r, totals[r]);
  }
}

template <typename Set, typename Block>
MINILLAMA_INLINE void panel_product(const BlockProduct<Block>& p) {
  constexpr int kTokens = Set::template kPanelTokens<Block>;
  static thread_local Panel panel;
  for (std::size_t row = 0; row < p.rows; row += kPanelRows) {
    const std::size_t count = std::min(kPanelRows, p.rows - row);
    fill(panel, p, row, count);
    std::size_t t = 0;
    for (; t + kTokens <= p.tokens; t += kTokens) panel_tile<Set, kTokens>(p, panel, row, count, t);
    for (; t < p.tokens; ++t) panel_tile<Set, 1>(p, panel, row, count, t);
  }
}

/// From so many tokens on, a panel is to be worth its unpacking.
constexpr std::size_t kPanelFrom = 6;

template <typename Set, typename Block>
MINILLAMA_INLINE void product(const BlockProduct<Block>& p) {
  if (p.tokens >= kPanelFrom) return panel_product<Set>(p);
  constexpr int kRows = 4;
  std::size_t row = 0;
  if (p.source == Source::cache || p.tokens > 1) {
    for (; row + kRows <= p.rows; row += kRows) row_product<Set, kRows>(p, row);
  }
  for (; row < p.rows; ++row) row_product<Set, 1>(p, row);
}

}  // namespace
}  // namespace minillama::kernels
