#pragma once

#include <cstddef>

#include "minillama/kernels/dispatch.h"

namespace minillama::kernels {

/// The sum of x[i]^2 over `size` elements, in double, T float or double. Terms are added in the
/// same order by every version, so all give the same bits.
template <typename T>
double sum_of_squares(Isa isa, std::size_t size, const T* x);

}  // namespace minillama::kernels
