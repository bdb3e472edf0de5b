#include "minillama/kernels/gate.h"

#include "minillama/kernels/simd.h"

namespace minillama::kernels {
namespace {

template <int Lanes>
MINILLAMA_INLINE void gate(float* x, const float* up) {
  Floats<Lanes> z, u;
  load<Lanes>(z, x);
  load<Lanes>(u, up);
  Floats<Lanes> e = -z;
  exp<Lanes>(e);
  store<Lanes>(x, z / (e + 1.0F) * u);
}

}  // namespace

void silu_gate(Isa isa, std::size_t size, float* x, const float* up) {
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINED {
    for_each_vector<Lanes>(
        size, [=]<int L>(std::size_t i) MINILLAMA_INLINED { gate<L>(x + i, up + i); });
  });
}

}  // namespace minillama::kernels
