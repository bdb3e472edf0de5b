#pragma once

// Not part of the interface of kernels/: what the AVX versions of block_matmul() share.

#include <immintrin.h>

#include <cstdint>

#include "minillama/kernels/dispatch.h"

namespace minillama::kernels {
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256i load_bytes(const std::int8_t* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

MINILLAMA_INLINE float sum_of_lanes(const __m256& v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace
}  // namespace minillama::kernels
