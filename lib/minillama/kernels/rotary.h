#pragma once

#include <cstddef>
#include <cstdint>

#include "minillama/kernels/element.h"

namespace minillama::kernels {

/// Rows of heads, and which row of the table of angles is whose.
struct RotaryShape {
  std::size_t rows;
  std::size_t heads;
  std::size_t pairs;  ///< half the width of a head
};

/// Turns each pair (x[2i], x[2i+1]) of each head of row r by the angle of table[r][i]:
///
///     y[2i]     = x[2i] cos - x[2i+1] sin
///     y[2i + 1] = x[2i] sin + x[2i+1] cos
///
/// or, with `backward`, by minus that angle, which is what its gradient needs.
///
/// @param x, y  [rows, heads, 2 * pairs], may be the same
/// @param table [rows, pairs] of cos and sin side by side
template <typename T>
void rotary(Isa isa, const RotaryShape& shape, const T* x, const float* table, T* y, bool backward);

}  // namespace minillama::kernels
