// Compiled for AVX-512 with VNNI.

#include <cstring>

#include "minillama/kernels/block_product_avx.h"

namespace minillama::kernels {
namespace {

/// The instruction that adds up four products of bytes takes its first factor without a sign: the
/// codes as they are.
struct Vnni {
  template <typename Block>
  static constexpr bool kIsSigned = false;

  /// Eight sums of four products each.
  template <typename Block>
  static MINILLAMA_INLINE __m256i products(const __m256i& codes, const __m256i& x) {
    return _mm256_dpbusd_epi32(_mm256_setzero_si256(), codes, x);
  }

  // For panels.
  using Floats = __m512;
  using Ints = __m512i;
  static constexpr int kVectors = 1;
  template <typename Block>
  static constexpr int kPanelTokens = 8;

  static MINILLAMA_INLINE Floats load(const float* p) { return _mm512_loadu_ps(p); }
  static MINILLAMA_INLINE void store(float* p, const Floats& v) { _mm512_storeu_ps(p, v); }
  static MINILLAMA_INLINE Floats all(float x) { return _mm512_set1_ps(x); }
  static MINILLAMA_INLINE Floats to_floats(const Ints& v) { return _mm512_cvtepi32_ps(v); }
  static MINILLAMA_INLINE Floats multiply(const Floats& a, const Floats& b) {
    return _mm512_mul_ps(a, b);
  }
  static MINILLAMA_INLINE Floats add_product(const Floats& a, const Floats& b, const Floats& c) {
    return _mm512_fmadd_ps(a, b, c);
  }
  static MINILLAMA_INLINE Floats subtract_product(const Floats& a, const Floats& b,
                                                  const Floats& c) {
    return _mm512_fnmadd_ps(a, b, c);
  }

  /// Dot products of a part of sixteen rows with `Tokens` inputs, which are `stride` apart.
  template <typename Block, int Tokens>
  static MINILLAMA_INLINE void panel_dots(const std::uint8_t* codes, const std::int16_t* subs,
                                          const std::int8_t* x, std::size_t stride,
                                          const std::int16_t* half_sums,
                                          Ints (&dots)[Tokens][kVectors]) {
    Ints halves[2][Tokens];
    for (int half = 0; half < 2; ++half) {
      for (int t = 0; t < Tokens; ++t) {
        const std::int16_t* sums = half_sums + static_cast<std::size_t>(t) * stride / 16;
        halves[half][t] = _mm512_set1_epi32(-Block::kOffset * sums[half]);
      }
    }
    for (int k = 0; k < 8; ++k) {
      const Ints w = _mm512_loadu_si512(codes + k * 64);
      for (int t = 0; t < Tokens; ++t) {
        std::int32_t four = 0;
        std::memcpy(&four, x + static_cast<std::size_t>(t) * stride + 4 * k, sizeof(four));
        Ints& dot = halves[Block::kHasSubScales ? k / 4 : 0][t];
        dot = _mm512_dpbusd_epi32(dot, w, _mm512_set1_epi32(four));
      }
    }
    for (int t = 0; t < Tokens; ++t) {
      if constexpr (Block::kHasSubScales) {
        const Ints both = _mm512_loadu_si512(subs);
        const Ints lower = _mm512_srai_epi32(_mm512_slli_epi32(both, 16), 16);
        const Ints upper = _mm512_srai_epi32(both, 16);
        dots[t][0] = _mm512_add_epi32(_mm512_mullo_epi32(halves[0][t], lower),
                                      _mm512_mullo_epi32(halves[1][t], upper));
      } else {
        dots[t][0] = _mm512_add_epi32(halves[0][t], halves[1][t]);
      }
    }
  }
};

}  // namespace

template <typename Block>
void block_product_vnni(const BlockProduct<Block>& p) {
  product<Vnni>(p);
}

#define MINILLAMA_BLOCK(Block) template void block_product_vnni(const BlockProduct<Block>&);
MINILLAMA_FOR_EACH_BLOCK(MINILLAMA_BLOCK)
#undef MINILLAMA_BLOCK

}  // namespace minillama::kernels
