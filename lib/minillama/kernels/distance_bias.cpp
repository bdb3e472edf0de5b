#include "minillama/kernels/distance_bias.h"

#include "minillama/kernels/simd.h"

namespace minillama::kernels {
namespace {

template <int Lanes, typename T>
MINILLAMA_INLINE void add_bias(std::size_t visible, float slope, T* x) {
  Floats<Lanes> v, lane;
  for (int i = 0; i < Lanes; ++i) lane[i] = static_cast<float>(i);
  for (std::size_t i = 0; i < visible; i += Lanes) {
    load<Lanes>(v, x + i);
    v -= slope * (static_cast<float>(visible - 1 - i) - lane);
    store<Lanes>(x + i, v);
  }
}

}  // namespace

template <typename T>
void add_distance_bias(Isa isa, std::size_t visible, float slope, T* x) {
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINED { add_bias<Lanes>(visible, slope, x); });
}

template void add_distance_bias(Isa, std::size_t, float, float*);
template void add_distance_bias(Isa, std::size_t, float, BFloat16*);

}  // namespace minillama::kernels
