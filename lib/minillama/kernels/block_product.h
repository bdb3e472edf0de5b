#pragma once

// Not part of the interface of kernels/: what the versions of block_matmul() share. Integer dot
// products have instructions that no compiler finds by itself, and functions written with them are
// inlined only into files compiled for them: so each instruction set has a file of its own, with a
// `Set` that says how a block's values and an input's are held and multiplied. How the values come
// out of the block, each kind of block says for itself (kernels/q8_0.h, …).

#include "minillama/kernels/blocks.h"
#include "minillama/kernels/half.h"
#include "minillama/kernels/q4_0.h"
#include "minillama/kernels/q8_0.h"

/// Every kind of block, for what is made of each.
#define MINILLAMA_FOR_EACH_BLOCK(made) \
  made(::minillama::kernels::Q8Block) made(::minillama::kernels::Q4Block)

namespace minillama::kernels {

template <typename Block>
struct BlockProduct {
  const Block* w;
  std::size_t rows;
  std::size_t cols;
  ByteRows x;
  std::size_t tokens;
  OutputRows y;
  Output output;
  Source source;
};

/// How far ahead of the block in use others are asked for where rows are read side by side: they
/// are so short that some processors stop fetching ahead at the end of each (docs/performance.md).
inline constexpr std::size_t kPrefetchBytes = 256 * sizeof(Q8Block);

/// Rows x Tokens elements of the product, whose sums stay in registers.
template <typename Set, int Rows, int Tokens, typename Block>
MINILLAMA_INLINE void tile(const BlockProduct<Block>& p, std::size_t row, std::size_t token) {
  const std::size_t blocks = p.cols / kBlockSize;
  const Block* w = p.w + row * blocks;
  const std::int8_t* x = p.x.values + token * p.cols;
  const float* x_scales = p.x.scales + token * blocks;
  typename Set::Sum sums[Rows][Tokens] = {};
  for (std::size_t b = 0; b < blocks; ++b) {
    typename Set::Input xs[Tokens];
    for (int t = 0; t < Tokens; ++t) {
      xs[t] = Set::template load_input<Block>(x + t * p.cols + b * kBlockSize);
    }
    for (int r = 0; r < Rows; ++r) {
      const Block* block = w + r * blocks + b;
      if constexpr (Rows > 1) {
        __builtin_prefetch(reinterpret_cast<const char*>(block) + kPrefetchBytes);
      }
      const typename Set::Weights ws = Set::load_weights(*block);
      for (int t = 0; t < Tokens; ++t) Set::add(sums[r][t], ws, xs[t], x_scales[t * blocks + b]);
    }
  }
  for (int t = 0; t < Tokens; ++t) {
    float* y = p.y.data + (token + t) * p.y.stride + row;
    for (int r = 0; r < Rows; ++r) {
      const float total = Set::total(sums[r][t]);
      y[r] = p.output == Output::add ? y[r] + total : total;
    }
  }
}

template <typename Set, int Rows, typename Block>
MINILLAMA_INLINE void all_tokens(const BlockProduct<Block>& p, std::size_t row) {
  std::size_t t = 0;
  for (; t + Set::kTokens <= p.tokens; t += Set::kTokens) tile<Set, Rows, Set::kTokens>(p, row, t);
  for (; t < p.tokens; ++t) tile<Set, Rows, 1>(p, row, t);
}

template <typename Set, typename Block>
MINILLAMA_INLINE void product(const BlockProduct<Block>& p) {
  constexpr int kRows = 4;
  std::size_t row = 0;
  if (p.source == Source::cache || p.tokens >= Set::kTokens || Block::kRowsShareInput) {
    for (; row + kRows <= p.rows; row += kRows) all_tokens<Set, kRows>(p, row);
  }
  for (; row < p.rows; ++row) all_tokens<Set, 1>(p, row);
}

template <typename Block>
void block_product_avx2(const BlockProduct<Block>& p);
template <typename Block>
void block_product_vnni(const BlockProduct<Block>& p);  ///< AVX-512 VNNI

}  // namespace minillama::kernels
