#pragma once

#include <cstddef>
#include <cstdint>

#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/matmul.h"

// Weights of eight bits: blocks of 32 numbers that share a scale, in the layout that GGUF calls
// Q8_0. A number is scale * value. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

namespace minillama::kernels {

inline constexpr std::size_t kBlockSize = 32;

struct Q8Block {
  std::uint16_t scale;  ///< a half float: largest magnitude of the block / 127
  std::int8_t values[kBlockSize];
};
static_assert(sizeof(Q8Block) == 34);

/// x as blocks. `size` is a multiple of 32. A block that holds NaN or infinity gets the scale NaN.
void quantize(Isa isa, std::size_t size, const float* x, Q8Block* blocks);

/// The numbers that `blocks` stand for. `size` is a multiple of 32.
void dequantize(std::size_t size, const Q8Block* blocks, float* x);

/// Rows of inputs in eight bits: values and scales apart, the scales as floats.
struct Q8Rows {
  std::int8_t* values;  ///< [count, size]
  float* scales;        ///< [count, size / 32]
};

/// Row `row` of `rows` from `size` floats, a multiple of 32; as above.
void quantize(Isa isa, std::size_t size, const float* x, const Q8Rows& rows, std::size_t row);

/// y = x W^T, or y += x W^T, like matmul(), for W [rows, cols] in blocks, `tokens` rows of x and
/// cols a multiple of 32. Within a block the products are added as integers, exactly.
void matmul(Isa isa, const Q8Block* w, std::size_t rows, std::size_t cols, const Q8Rows& x,
            std::size_t tokens, const OutputRows& y, Output output = Output::replace);

}  // namespace minillama::kernels
