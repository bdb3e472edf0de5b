#pragma once

#include <cstddef>

#include "minillama/kernels/dispatch.h"

namespace minillama::kernels {

/// Turns pairs (x[2i], x[2i + 1]), read as complex numbers, by what `rotation` holds for them:
/// cosine at 2i, sine at 2i + 1. `size` is even. Su et al. 2021, arXiv:2104.09864.
void rotate(Isa isa, std::size_t size, float* x, const float* rotation);

}  // namespace minillama::kernels
