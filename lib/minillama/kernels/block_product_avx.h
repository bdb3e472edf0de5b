#pragma once

// Not part of the interface of kernels/: what the AVX versions of block_matmul() share. Each is
// made of a `Set`, which says how codes and inputs are multiplied. For few tokens and for many the
// same integers are added, and the same floats in the same order.

#include "minillama/kernels/block_panel.h"
#include "minillama/kernels/block_rows.h"

namespace minillama::kernels {
namespace {  // each file has its own, for its instruction set

/// From so many tokens on, a panel is to be worth its unpacking.
constexpr std::size_t kPanelFrom = 6;

template <typename Set, typename Block>
MINILLAMA_INLINE void product(const BlockProduct<Block>& p) {
  if (p.tokens >= kPanelFrom) return panel_product<Set>(p);
  constexpr int kRows = 4;
  std::size_t row = 0;
  if (p.source != Source::memory_stream || p.tokens > 1) {
    for (; row + kRows <= p.rows; row += kRows) row_product<Set, kRows>(p, row);
  }
  for (; row < p.rows; ++row) row_product<Set, 1>(p, row);
}

}  // namespace
}  // namespace minillama::kernels
