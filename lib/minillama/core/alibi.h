#pragma once

#include <cstdint>
#include <vector>

namespace minillama {

/// The slopes of attention with linear biases (Press et al. 2022, arXiv:2108.12409, section 3), one
/// for each of H heads, all in (0, 1). Where H is a power of two they are
///
///     m_h = 2^(-8 h / H),    h = 1 .. H
///
/// for other numbers, as the authors' program has it, those of the largest power of two P below H,
/// followed by the first H - P of every other slope of 2 P heads: 2^(-8 h / 2P), h = 1, 3, 5, …
std::vector<double> alibi_slopes(std::int64_t n_heads);

}  // namespace minillama
