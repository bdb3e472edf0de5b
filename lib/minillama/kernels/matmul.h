#pragma once

#include <cstddef>

#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/element.h"

namespace minillama::kernels {

/// Rows of floats, each `stride` after the one before.
struct InputRows {
  const float* data;
  std::size_t stride;
  std::size_t count;
};
struct OutputRows {
  float* data;
  std::size_t stride;
};

/// What a product does with what its output holds.
enum class Output { replace, add };

/// Where a product finds its weights. It decides in which order they are read for few tokens, not
/// what is computed (docs/performance.md).
enum class Source {
  cache,          ///< four rows side by side, which share the inputs
  memory_rows,    ///< the same, and the rows that follow are asked for meanwhile
  memory_stream,  ///< one row after the other, as a single stream
};

/// Which of the two ways of reading from memory is the faster one on this processor: by its maker,
/// as measured (docs/performance.md).
Source memory_source();

/// y = x W^T, or y += x W^T, for W [rows, cols] in row-major order:
///
///     y[t][r] = sum over c of w[r * cols + c] * x[t][c]
///
/// W is of float, Half or BFloat16, which are made float as they are read; x and y are float. W is
/// read once for as many rows of x as the first-level cache holds. The sum for one element is taken
/// in the same order whatever the numbers of rows.
template <typename T>
void matmul(Isa isa, const T* w, std::size_t rows, std::size_t cols, const InputRows& x,
            const OutputRows& y, Output output = Output::replace, Source source = Source::cache);

}  // namespace minillama::kernels
