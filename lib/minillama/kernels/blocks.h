#pragma once

#include <cstddef>
#include <cstdint>

#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/matmul.h"

// Weights in blocks of 32 numbers that share a scale, as GGUF has them
// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), and the inputs that go with them. A
// kind of block is one header (kernels/q8_0.h, kernels/q4_0.h): its bytes, how they are made and
// how they are unpacked into integers of eight bits.

namespace minillama::kernels {

inline constexpr std::size_t kBlockSize = 32;

/// Rows of inputs in eight bits: values and scales apart, the scales as floats.
struct ByteRows {
  std::int8_t* values;  ///< [count, size]
  float* scales;        ///< [count, size / 32]
};

/// Row `row` of `rows` from `size` floats, a multiple of 32. The scale of a block is its largest
/// magnitude / 127. A block that holds NaN or infinity gets the scale NaN.
void to_bytes(Isa isa, std::size_t size, const float* x, const ByteRows& rows, std::size_t row);

/// y = x W^T, or y += x W^T, like matmul(), for W [rows, cols] in blocks of any kind, `tokens` rows
/// of x and cols a multiple of 32. Within a block the products are added as integers, exactly.
template <typename Block>
void block_matmul(Isa isa, const Block* w, std::size_t rows, std::size_t cols, const ByteRows& x,
                  std::size_t tokens, const OutputRows& y, Output output = Output::replace,
                  Source source = Source::cache);

/// Blocks of `size` numbers, a multiple of 32. A block that holds NaN or infinity gets the scale
/// NaN.
template <typename Block>
void pack(std::size_t size, const float* x, Block* blocks);

/// The numbers that `blocks` stand for. `size` is a multiple of 32.
template <typename Block>
void unpack(std::size_t size, const Block* blocks, float* x);

}  // namespace minillama::kernels
