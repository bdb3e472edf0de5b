#include "minillama/kernels/argmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "minillama/kernels/simd.h"

namespace minillama::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The largest element; `broken` becomes true if one is NaN or positive infinity.
template <int Lanes>
MINILLAMA_INLINE float largest(std::size_t size, const float* x, bool& broken) {
  Floats<Lanes> best = Floats<Lanes>{} - kInfinity;
  Ints<Lanes> bad = {};
  std::size_t i = 0;
  for (; i + Lanes <= size; i += Lanes) {
    Floats<Lanes> v;
    load<Lanes>(v, x + i);
    bad |= ~(v < kInfinity);
    best = best > v ? best : v;
  }
  float result = max<Lanes>(best);
  for (int lane = 0; lane < Lanes; ++lane) broken |= bad[lane] != 0;
  for (; i < size; ++i) {
    broken |= !(x[i] < kInfinity);
    result = std::max(result, x[i]);
  }
  return result;
}

}  // namespace

Largest find_largest(Isa isa, std::size_t size, const float* x) {
  float value = 0;
  bool broken = false;
  with_lanes(isa, [&]<int Lanes>() MINILLAMA_INLINED { value = largest<Lanes>(size, x, broken); });
  const auto index = static_cast<std::size_t>(std::find(x, x + size, value) - x);
  return {std::min(index, size - 1), !broken};
}

}  // namespace minillama::kernels
