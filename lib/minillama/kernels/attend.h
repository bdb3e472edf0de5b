#pragma once

#include <cstddef>

#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/matmul.h"

namespace minillama::kernels {

/// Attention of a few queries over the keys and values of one head (Vaswani et al. 2017,
/// arXiv:1706.03762, section 3.2.1):
///
///     out[i] = softmax(q[i] K[0 .. n) ^T / sqrt(head_dim)) V[0 .. n),    n = positions + i * step
///
/// With slopes, the score of key j has -slope (n - 1 - j) added before the softmax.
struct Attention {
  InputRows queries;      ///< rows of head_dim floats
  const float* keys;      ///< [positions + (queries.count - 1) * step, head_dim]
  const float* values;    ///< the same
  std::size_t positions;  ///< how many the first query attends to, at least one
  std::size_t step;       ///< how many more each query attends to than the one before: 0 or 1
  std::size_t head_dim;
  const float* slopes = nullptr;  ///< of the i-th query slopes[i * slope_stride]; null: none
  std::size_t slope_stride = 0;   ///< 0 or 1
  float* scores;   ///< room for the queries times score_room(keys) (kernels/softmax.h)
  OutputRows out;  ///< as many rows as queries
};
void attend(Isa isa, const Attention& attention);

}  // namespace minillama::kernels
