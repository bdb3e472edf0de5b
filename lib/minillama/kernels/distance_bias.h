#pragma once

#include <cstddef>

#include "minillama/kernels/element.h"

namespace minillama::kernels {

/// Biases of one row of attention scores by the distance to its query, which is the last key that
/// it sees (Press et al. 2022, arXiv:2108.12409, section 3); in place, of a row with room as
/// softmax_forward() has it (kernels/softmax.h), whatever stands behind what is visible:
///
///     x[j] -= slope (visible - 1 - j),    j < visible
template <typename T>
void add_distance_bias(Isa isa, std::size_t visible, float slope, T* x);

}  // namespace minillama::kernels
