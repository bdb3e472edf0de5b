#include "minillama/kernels/rotate.h"

#include "minillama/kernels/simd.h"

namespace minillama::kernels {

void rotate(Isa isa, std::size_t size, float* x, const float* rotation) {
  with_lanes(isa, [=]<int>() MINILLAMA_INLINED {
    for (std::size_t i = 0; i < size; i += 2) {
      const float real = x[i], imaginary = x[i + 1];
      const float cosine = rotation[i], sine = rotation[i + 1];
      x[i] = real * cosine - imaginary * sine;
      x[i + 1] = real * sine + imaginary * cosine;
    }
  });
}

}  // namespace minillama::kernels
