#pragma once

#include <cstddef>

#include "minillama/kernels/element.h"

namespace minillama::kernels {

/// y = silu(gate) * up over `size` elements, silu(z) = z * sigmoid(z). T is float or BFloat16.
template <typename T>
void swiglu_forward(Isa isa, std::size_t size, const T* gate, const T* up, T* y);

/// With s = sigmoid(gate):
///
///     grad_gate = grad_y * up * s * (1 + gate * (1 - s))
///     grad_up   = grad_y * gate * s
template <typename T>
void swiglu_backward(Isa isa, std::size_t size, const T* gate, const T* up, const T* grad_y,
                     T* grad_gate, T* grad_up);

}  // namespace minillama::kernels
