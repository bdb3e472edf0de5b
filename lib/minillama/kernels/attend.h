#pragma once

#include <cstddef>

#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/matmul.h"

namespace minillama::kernels {

/// x = softmax(scale * x) over `size` elements, at least one.
void softmax(Isa isa, std::size_t size, float scale, float* x);

/// Attention of a few queries over the keys and values of one head (Vaswani et al. 2017,
/// arXiv:1706.03762, section 3.2.1):
///
///     out[i] = softmax(q[i] K^T / sqrt(head_dim)) V
///
/// @param queries   rows of head_dim floats
/// @param keys      [positions, head_dim]; positions >= 1
/// @param values    [positions, head_dim]
/// @param scores    room for queries.count * positions floats
/// @param out       as many rows as there are queries
void attend(Isa isa, const InputRows& queries, const float* keys, const float* values,
            std::size_t positions, std::size_t head_dim, float* scores, const OutputRows& out);

}  // namespace minillama::kernels
