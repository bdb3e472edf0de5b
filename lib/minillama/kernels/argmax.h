#pragma once

#include <cstddef>

#include "minillama/kernels/dispatch.h"

namespace minillama::kernels {

struct Largest {
  std::size_t index;  ///< of the largest element, the first of equal ones
  bool is_finite;     ///< no element is NaN or positive infinity
};

/// Looks through `size` floats, at least one. Without NaN, `index` is right; with it, some index.
Largest find_largest(Isa isa, std::size_t size, const float* x);

}  // namespace minillama::kernels
