#include "minillama/kernels/rotary.h"

namespace minillama::kernels {
namespace {

template <typename T>
MINILLAMA_INLINE void rotate(const RotaryShape& shape, const T* x, const float* table, T* y,
                             float sign) {
  const std::size_t width = 2 * shape.pairs;
  for (std::size_t row = 0; row < shape.rows; ++row, table += width) {
    for (std::size_t head = 0; head < shape.heads; ++head, x += width, y += width) {
      for (std::size_t i = 0; i < shape.pairs; ++i) {
        const float re = load(x[2 * i]);
        const float im = load(x[2 * i + 1]);
        const float cos = table[2 * i];
        const float sin = sign * table[2 * i + 1];
        store(re * cos - im * sin, y[2 * i]);
        store(re * sin + im * cos, y[2 * i + 1]);
      }
    }
  }
}

}  // namespace

template <typename T>
void rotary(Isa isa, const RotaryShape& shape, const T* x, const float* table, T* y,
            bool backward) {
  const float sign = backward ? -1.0F : 1.0F;
  run_for(isa, [=]() MINILLAMA_INLINED { rotate(shape, x, table, y, sign); });
}

template void rotary(Isa, const RotaryShape&, const float*, const float*, float*, bool);
template void rotary(Isa, const RotaryShape&, const BFloat16*, const float*, BFloat16*, bool);

}  // namespace minillama::kernels
