#pragma once

#include <cmath>
#include <vector>

#include "minillama/kernels/dispatch.h"

namespace minillama::test {

/// The instruction sets that this processor has.
inline std::vector<kernels::Isa> isas_here() {
  using kernels::Isa;
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (isa <= kernels::best_isa()) isas.push_back(isa);
  }
  return isas;
}

/// Numbers between -1 and 1 that do not repeat, others for each `seed`.
inline std::vector<float> numbers(std::size_t size, int seed) {
  std::vector<float> out(size);
  for (std::size_t i = 0; i < size; ++i) {
    out[i] = static_cast<float>(std::sin(1.7 * static_cast<double>(i) + 0.3 + 11.0 * seed));
  }
  return out;
}

}  // namespace minillama::test
