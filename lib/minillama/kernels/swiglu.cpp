#include "minillama/kernels/swiglu.h"

namespace minillama::kernels {
namespace {

template <typename T>
MINILLAMA_INLINE void forward(std::size_t size, const T* __restrict gate, const T* __restrict up,
                              T* __restrict y) {
  for (std::size_t i = 0; i < size; ++i) {
    const float z = load(gate[i]);
    store(z * sigmoid(z) * load(up[i]), y[i]);
  }
}

template <typename T>
MINILLAMA_INLINE void backward(std::size_t size, const T* __restrict gate, const T* __restrict up,
                               const T* __restrict grad_y, T* __restrict grad_gate,
                               T* __restrict grad_up) {
  for (std::size_t i = 0; i < size; ++i) {
    const float z = load(gate[i]);
    const float g = load(grad_y[i]);
    const float s = sigmoid(z);
    store(g * load(up[i]) * s * (1.0F + z * (1.0F - s)), grad_gate[i]);
    store(g * z * s, grad_up[i]);
  }
}

}  // namespace

template <typename T>
void swiglu_forward(Isa isa, std::size_t size, const T* gate, const T* up, T* y) {
  run_for(isa, [=]() MINILLAMA_INLINED { forward(size, gate, up, y); });
}

template <typename T>
void swiglu_backward(Isa isa, std::size_t size, const T* gate, const T* up, const T* grad_y,
                     T* grad_gate, T* grad_up) {
  run_for(isa, [=]() MINILLAMA_INLINED { backward(size, gate, up, grad_y, grad_gate, grad_up); });
}

template void swiglu_forward(Isa, std::size_t, const float*, const float*, float*);
template void swiglu_forward(Isa, std::size_t, const BFloat16*, const BFloat16*, BFloat16*);
template void swiglu_backward(Isa, std::size_t, const float*, const float*, const float*, float*,
                              float*);
template void swiglu_backward(Isa, std::size_t, const BFloat16*, const BFloat16*, const BFloat16*,
                              BFloat16*, BFloat16*);

}  // namespace minillama::kernels
