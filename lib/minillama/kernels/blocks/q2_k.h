#pragma once

// GGUF's Q2_K: two bits for a weight, and four for the scale and the minimum of each 16. Only read.

#include "minillama/kernels/blocks/block.h"

namespace minillama::kernels {

struct Q2_KBlock : BlockOf<DType::q2_k> {
  static constexpr bool kHasMinimum = true;
  static constexpr bool kHasSubScales = true;
  static constexpr std::uint32_t kFileType = 10;

  std::uint8_t scales[16];  ///< of each half: the scale in the low four bits, the minimum above
  std::uint8_t codes[64];   ///< each 32 bytes are 128 codes: part i in bits 2 i and 2 i + 1
  std::uint16_t scale;      ///< a half float
  std::uint16_t minimum;    ///< a half float
};

inline int sub_scale_of(const Q2_KBlock& block, std::size_t half) {
  return block.scales[half] & 15;
}
inline float minimum_of(const Q2_KBlock& block, std::size_t half) {
  return from_half(block.minimum) * static_cast<float>(block.scales[half] >> 4);
}

inline void codes(const Q2_KBlock& block, std::size_t part, std::uint8_t* out) {
  const std::uint8_t* bytes = block.codes + part / 4 * kPartSize;
  for (std::size_t i = 0; i < kPartSize; ++i) out[i] = bytes[i] >> (part % 4 * 2) & 3;
}

}  // namespace minillama::kernels
