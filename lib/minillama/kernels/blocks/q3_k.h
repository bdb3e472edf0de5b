#pragma once

// GGUF's Q3_K: three bits for a weight, and six for the scale of each 16. Only read.

#include "minillama/kernels/blocks/block.h"

namespace minillama::kernels {

struct Q3_KBlock : BlockOf<DType::q3_k> {
  static constexpr int kOffset = 4;
  static constexpr bool kHasSubScales = true;
  static constexpr std::uint32_t kFileType = 11;

  std::uint8_t third_bits[kPartSize];  ///< bit p of byte i is that of code i of part p
  std::uint8_t codes[64];              ///< each 32 bytes are 128 codes: part i in bits 2 i, 2 i + 1
  /// The low four bits of the sub-scales + 32 are in bytes 0 to 7, of halves 8 to 15 in their high
  /// halves; the upper two in bytes 8 to 11, of half h in byte 8 + h % 4 from bit h / 4 * 2 on.
  std::uint8_t scales[12];
  std::uint16_t scale;  ///< a half float
};

inline int sub_scale_of(const Q3_KBlock& block, std::size_t half) {
  const int low = block.scales[half % 8] >> (half / 8 * 4) & 15;
  return (low | (block.scales[8 + half % 4] >> (half / 4 * 2) & 3) << 4) - 32;
}

inline void codes(const Q3_KBlock& block, std::size_t part, std::uint8_t* out) {
  const std::uint8_t* bytes = block.codes + part / 4 * kPartSize;
  for (std::size_t i = 0; i < kPartSize; ++i) {
    const int low = bytes[i] >> (part % 4 * 2) & 3;
    out[i] = static_cast<std::uint8_t>(low | (block.third_bits[i] >> part & 1) << 2);
  }
}

}  // namespace minillama::kernels
