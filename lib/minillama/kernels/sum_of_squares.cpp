#include "minillama/kernels/sum_of_squares.h"

#include "minillama/kernels/flush_denormals.h"

// Compiled with -ffp-contract=off, for equal bits.

namespace minillama::kernels {
namespace {

template <typename T>
MINILLAMA_INLINE double sum(std::size_t size, const T* x) {
  // A compiler may not reorder a sum: many separate ones let it use whole vectors. And memory
  // answers several streams faster than one.
  constexpr std::size_t kStreams = 4;
  constexpr std::size_t kLanes = 16;
  double sums[kStreams][kLanes] = {};
  const std::size_t stream_size = size / (kStreams * kLanes) * kLanes;
  for (std::size_t i = 0; i < stream_size; i += kLanes) {
    for (std::size_t stream = 0; stream < kStreams; ++stream) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const double value = x[stream * stream_size + i + lane];
        sums[stream][lane] += value * value;
      }
    }
  }
  double total = 0;
  for (const auto& stream : sums) {
    for (const double part : stream) total += part;
  }
  for (std::size_t i = kStreams * stream_size; i < size; ++i) {
    const double value = x[i];
    total += value * value;
  }
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
