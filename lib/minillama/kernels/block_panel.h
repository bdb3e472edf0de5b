#pragma once

// Not part of the interface of kernels/: block_matmul() of many tokens. Sixteen rows are
// unpacked into a panel, in which four codes of each row follow those of the row before; so a lane
// of a dot product belongs to one row, and four values of the input serve all rows. What it costs
// to unpack is shared by the tokens.

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "minillama/kernels/block_product.h"
#include "minillama/kernels/block_step.h"

namespace minillama::kernels {
namespace {  // each file has its own, for its instruction set

/// Rows of a panel.
constexpr std::size_t kPanelRows = 16;

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

}  // namespace
}  // namespace minillama::kernels
