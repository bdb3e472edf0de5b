// Compiled for AVX2, FMA and F16C.

#include <cstring>

#include "minillama/kernels/block_product_avx.h"

namespace minillama::kernels {
namespace {

/// The instruction that multiplies bytes takes its first factor without a sign and adds two
/// products in sixteen bits. Codes up to 127 are that factor as they are. Larger ones lose their
/// offset first and give their sign to the input: two products of at most 128 * 127 fit.
struct Avx2 {
  template <typename Block>
  static constexpr bool kIsSigned = Block::kLargestCode > 127;

  static MINILLAMA_INLINE __m256i without_offset(const __m256i& codes) {
    return _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
  }

  template <typename Block>
  static MINILLAMA_INLINE __m256i pairs(const __m256i& codes, const __m256i& x) {
    static_assert(Block::kLargestCode <= 127 || Block::kOffset == 128);
    if constexpr (!kIsSigned<Block>) {
      return _mm256_maddubs_epi16(codes, x);
    } else {
      const __m256i w = without_offset(codes);
      return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
    }
  }

  /// Eight sums of four products each.
  template <typename Block>
  static MINILLAMA_INLINE __m256i products(const __m256i& codes, const __m256i& x) {
    return _mm256_madd_epi16(pairs<Block>(codes, x), _mm256_set1_epi16(1));
  }

  // For panels.
  using Floats = __m256;
  using Ints = __m256i;
  static constexpr int kVectors = 2;
  /// Two products of at most so much each; how many of such sums fit into sixteen bits.
  template <typename Block>
  static constexpr int kPairsInWord = kIsSigned<Block> ? 1
                                                       : 32767 / (2 * 127 * Block::kLargestCode);
  /// How many vectors of four codes are added up before their sums become wider.
  template <typename Block>
  static constexpr int kSteps = kPairsInWord<Block> >= 8   ? 8
                                : kPairsInWord<Block> >= 4 ? 4
                                : kPairsInWord<Block> >= 2 ? 2
                                                           : 1;
  template <typename Block>
  static constexpr int kPanelTokens = kSteps<Block> == 8 ? 4 : 2;

  static MINILLAMA_INLINE Floats load(const float* p) { return _mm256_loadu_ps(p); }
  static MINILLAMA_INLINE void store(float* p, const Floats& v) { _mm256_storeu_ps(p, v); }
  static MINILLAMA_INLINE Floats all(float x) { return _mm256_set1_ps(x); }
  static MINILLAMA_INLINE Floats to_floats(const Ints& v) { return _mm256_cvtepi32_ps(v); }
  static MINILLAMA_INLINE Floats multiply(const Floats& a, const Floats& b) {
    return _mm256_mul_ps(a, b);
  }
  static MINILLAMA_INLINE Floats add_product(const Floats& a, const Floats& b, const Floats& c) {
    return _mm256_fmadd_ps(a, b, c);
  }
  static MINILLAMA_INLINE Floats subtract_product(const Floats& a, const Floats& b,
                                                  const Floats& c) {
    return _mm256_fnmadd_ps(a, b, c);
  }

  /// Dot products of a part of sixteen rows with `Tokens` inputs, which are `stride` apart.
  template <typename Block, int Tokens>
  static MINILLAMA_INLINE void panel_dots(const std::uint8_t* codes, const std::int16_t* subs,
                                          const std::int8_t* x, std::size_t stride,
                                          const std::int16_t* half_sums,
                                          Ints (&dots)[Tokens][kVectors]) {
    constexpr int kTogether = kSteps<Block>;
    for (auto& of_token : dots) {
      for (auto& dot : of_token) dot = _mm256_setzero_si256();
    }
    for (int first = 0; first < 8; first += kTogether) {
      __m256i words[Tokens][kVectors];
      for (int k = first; k < first + kTogether; ++k) {
        for (int t = 0; t < Tokens; ++t) {
          std::int32_t four = 0;
          std::memcpy(&four, x + static_cast<std::size_t>(t) * stride + 4 * k, sizeof(four));
          const __m256i values = _mm256_set1_epi32(four);
          for (int v = 0; v < kVectors; ++v) {
            const __m256i w = load_bytes(codes + (k * kVectors + v) * 32);
            const __m256i sums = pairs<Block>(w, values);
            words[t][v] = k == first ? sums : _mm256_add_epi16(words[t][v], sums);
          }
        }
      }
      for (int v = 0; v < kVectors; ++v) {
        const __m256i factors = factors_of<Block>(subs, v, first / 4);
        for (int t = 0; t < Tokens; ++t) {
          dots[t][v] = _mm256_add_epi32(dots[t][v], _mm256_madd_epi16(words[t][v], factors));
        }
      }
    }
    if constexpr (!kIsSigned<Block> && Block::kOffset != 0) {
      for (int t = 0; t < Tokens; ++t) {
        const std::int16_t* halves = half_sums + static_cast<std::size_t>(t) * stride / 16;
        for (int v = 0; v < kVectors; ++v) {
          dots[t][v] = _mm256_sub_epi32(dots[t][v], offset_of<Block>(subs, v, halves));
        }
      }
    }
  }

 private:
  /// What the pairs of products in a half of a part are multiplied with as they become wider.
  template <typename Block>
  static MINILLAMA_INLINE __m256i factors_of(const std::int16_t* subs, int v, int half) {
    if constexpr (!Block::kHasSubScales) {
      return _mm256_set1_epi16(1);
    } else {
      const __m256i both = load_bytes(subs + 16 * v);  // of eight rows
      const __m256i upper = _mm256_srli_epi32(both, 16);
      const __m256i lower = _mm256_and_si256(both, _mm256_set1_epi32(0xFFFF));
      const __m256i one = half == 0 ? lower : upper;
      return _mm256_or_si256(one, _mm256_slli_epi32(one, 16));
    }
  }

  template <typename Block>
  static MINILLAMA_INLINE __m256i offset_of(const std::int16_t* subs, int v,
                                            const std::int16_t* halves) {
    if constexpr (!Block::kHasSubScales) {
      return _mm256_set1_epi32(Block::kOffset * (halves[0] + halves[1]));
    } else {
      std::int32_t both = 0;
      std::memcpy(&both, halves, sizeof(both));
      const __m256i sums = _mm256_madd_epi16(load_bytes(subs + 16 * v), _mm256_set1_epi32(both));
      return _mm256_mullo_epi32(sums, _mm256_set1_epi32(Block::kOffset));
    }
  }
};

}  // namespace

template <typename Block>
void block_product_avx2(const BlockProduct<Block>& p) {
  product<Avx2>(p);
}

#define MINILLAMA_BLOCK(Block) template void block_product_avx2(const BlockProduct<Block>&);
MINILLAMA_FOR_EACH_BLOCK(MINILLAMA_BLOCK)
#undef MINILLAMA_BLOCK

}  // namespace minillama::kernels
