#pragma once

#include <cstddef>

#include "minillama/kernels/dispatch.h"

namespace minillama::kernels {

/// The gated unit of the feed-forward network, x = silu(x) * up with silu(z) = z / (1 + e^-z), over
/// `size` elements. Shazeer 2020, arXiv:2002.05202.
void silu_gate(Isa isa, std::size_t size, float* x, const float* up);

}  // namespace minillama::kernels
