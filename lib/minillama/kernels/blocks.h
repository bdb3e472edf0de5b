#pragma once

#include <cstddef>
#include <cstdint>

#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/matmul.h"

// Weights in blocks, as GGUF has them (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md),
// and the inputs that go with them. Both are cut into parts of 32 numbers. A block is one part, or
// eight. Each kind of block is a header in kernels/blocks/ and a row in kernels/block_kinds.h.
//
// A block holds codes, which are small integers, and from these the numbers are
//
//     number = scale * sub_scale * (code - offset) - minimum
//
// with a scale for each part. Some kinds have a minimum besides, and some an integer sub_scale,
// one for each half of a part.

namespace minillama::kernels {

/// Numbers that share a scale of the input.
inline constexpr std::size_t kPartSize = 32;

/// Rows of inputs in eight bits.
struct ByteRows {
  std::int8_t* values;      ///< [count, size]: a number is its value * its part's scale
  float* scales;            ///< [count, size / 32]
  std::int16_t* half_sums;  ///< [count, size / 16]: sums of the values of half a part
};

/// Row `row` of `rows` from `size` floats, a multiple of 32. The scale of a part is its largest
/// magnitude / 127. A part that holds NaN or infinity gets the scale NaN.
void to_bytes(Isa isa, std::size_t size, const float* x, const ByteRows& rows, std::size_t row);

/// y = x W^T, or y += x W^T, like matmul(), for W [rows, cols] in blocks of any kind that is
/// computed with, `tokens` rows of x and cols a multiple of the block. Within a part the products
/// are added as integers, exactly. The parts of a row go into eight sums, part i into sum i mod 8,
/// whatever the numbers of rows and tokens: so an element does not depend on what is computed
/// beside it.
template <typename Block>
void block_matmul(Isa isa, const Block* w, std::size_t rows, std::size_t cols, const ByteRows& x,
                  std::size_t tokens, const OutputRows& y, Output output = Output::replace,
                  Source source = Source::cache);

/// Blocks of `size` numbers, a multiple of the block. A block that holds NaN or infinity gets the
/// scale NaN.
template <typename Block>
void pack(std::size_t size, const float* x, Block* blocks);

/// The numbers that `blocks` stand for. `size` is a multiple of the block.
template <typename Block>
void unpack(std::size_t size, const Block* blocks, float* x);

}  // namespace minillama::kernels
