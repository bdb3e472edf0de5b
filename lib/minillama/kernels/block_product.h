#pragma once

// Not part of the interface of kernels/: what the versions of block_matmul() share. Integer dot
// products have instructions that no compiler finds by itself, and functions written with them are
// inlined only into files compiled for them: so each instruction set has a file of its own.

#include "minillama/kernels/block_kinds.h"
#include "minillama/kernels/blocks.h"

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

  std::size_t parts() const { return cols / kPartSize; }
  const Block* row(std::size_t i) const { return w + i * (cols / Block::kSize); }
  const std::int8_t* values(std::size_t token) const { return x.values + token * cols; }
  const float* scales(std::size_t token) const { return x.scales + token * parts(); }
  const std::int16_t* half_sums(std::size_t token) const {
    return x.half_sums + token * 2 * parts();
  }
  void put(std::size_t token, std::size_t row, float total) const {
    float& out = y.data[token * y.stride + row];
    out = output == Output::add ? out + total : total;
  }
};

/// Into how many sums the parts of a row go.
inline constexpr std::size_t kSums = 8;

template <typename Block>
void block_product_avx2(const BlockProduct<Block>& p);
template <typename Block>
void block_product_vnni(const BlockProduct<Block>& p);  ///< AVX-512 VNNI

}  // namespace minillama::kernels
