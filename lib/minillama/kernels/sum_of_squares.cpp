#include "minillama/kernels/sum_of_squares.h"

#include "minillama/kernels/flush_denormals.h"

// Compiled with -ffp-contract=off, for equal bits.

namespace minillama::kernels {
namespace {

template <typename T>
MINILLAMA_INLINE double sum(std::size_t size, const T* x) {
  // A compiler may not reorder a sum; so many separate ones let it use whole vectors.
  constexpr std::size_t kLanes = 32;
  double sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double value = x[i + lane];
      sums[lane] += value * value;
    }
  }
  double total = 0;
  for (; i < size; ++i) total += static_cast<double>(x[i]) * x[i];
  for (const double part : sums) total += part;
  return total;
}

template <typename T>
MINILLAMA_TARGET_AVX2 double sum_avx2(std::size_t size, const T* x) {
  return sum(size, x);
}

template <typename T>
MINILLAMA_TARGET_AVX512 double sum_avx512(std::size_t size, const T* x) {
  return sum(size, x);
}

}  // namespace

template <typename T>
double sum_of_squares(Isa isa, std::size_t size, const T* x) {
  const FlushDenormals flush;
  switch (isa) {
    case Isa::avx512:
      return sum_avx512(size, x);
    case Isa::avx2:
      return sum_avx2(size, x);
    case Isa::portable:
      break;
  }
  return sum(size, x);
}

template double sum_of_squares(Isa, std::size_t, const float*);
template double sum_of_squares(Isa, std::size_t, const double*);

}  // namespace minillama::kernels
