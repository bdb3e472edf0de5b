#pragma once

// GGUF's IQ4_NL: four bits for a weight, which choose one of sixteen values that lie closer
// together around 0.

#include <cmath>

#include "minillama/kernels/blocks/block.h"

namespace minillama::kernels {

/// The codes are the chosen values + 128, so that none is negative.
struct IQ4_NLBlock : BlockOf<DType::iq4_nl> {
  static constexpr int kLargestCode = 255, kOffset = 128;
  static constexpr std::uint32_t kFileType = 25;
  static constexpr double kBeyond = 113 * kBeyondHalf;
  static constexpr std::int8_t kValues[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                              1,    13,   25,  38,  53,  69,  89,  113};

  std::uint16_t scale;  ///< a half float
  std::uint8_t pairs[kPartSize / 2];
};

inline void codes(const IQ4_NLBlock& block, std::size_t /*part*/, std::uint8_t* out) {
  nibbles(block.pairs, out);
  for (std::size_t i = 0; i < kPartSize; ++i) {
    out[i] = static_cast<std::uint8_t>(IQ4_NLBlock::kValues[out[i]] + 128);
  }
}

/// Which of the values is the nearest.
inline std::uint8_t nearest_value(float x) {
  const auto& values = IQ4_NLBlock::kValues;
  std::uint8_t best = 0;
  for (std::uint8_t i = 1; i < 16; ++i) {
    if (std::fabs(x - values[i]) < std::fabs(x - values[best])) best = i;
  }
  return best;
}

inline void pack_block(const float* x, IQ4_NLBlock& block) {
  const Range range = range_of(x, kPartSize);
  std::uint8_t out[kPartSize] = {};
  float best_scale = range.nothing, best_gain = 0;
  // For given values the best scale is <x, v> / <v, v>, which leaves |x|^2 - <x, v>^2 / <v, v>. The
  // values are those that scales near the largest number's would choose.
  constexpr int kTries = 15;
  for (int i = -kTries; i <= kTries && range.magnitude() > 0 && range.nothing == 0; ++i) {
    const float inverse = (IQ4_NLBlock::kValues[0] + 2.0F * static_cast<float>(i)) / range.extreme;
    std::uint8_t tried[kPartSize];
    float xv = 0, vv = 0;
    for (std::size_t k = 0; k < kPartSize; ++k) {
      tried[k] = nearest_value(x[k] * inverse);
      const float value = IQ4_NLBlock::kValues[tried[k]];
      xv += x[k] * value;
      vv += value * value;
    }
    if (xv * xv <= best_gain * vv) continue;
    best_gain = xv * xv / vv;
    best_scale = xv / vv;
  }
  block.scale = to_half(best_scale);
  const float inverse = inverse_of(from_half(block.scale));
  for (std::size_t k = 0; k < kPartSize && range.nothing == 0; ++k)
    out[k] = nearest_value(x[k] * inverse);
  pair_nibbles(out, block.pairs);
}

#if defined(__AVX2__)
namespace {  // each file has its own, for its instruction set

MINILLAMA_INLINE __m256i codes(const IQ4_NLBlock& block, std::size_t /*part*/) {
  const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(IQ4_NLBlock::kValues));
  const __m256i chosen =
      _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(values), nibbles(block.pairs));
  return _mm256_xor_si256(chosen, _mm256_set1_epi8(-128));
}

}  // namespace
#endif

}  // namespace minillama::kernels
