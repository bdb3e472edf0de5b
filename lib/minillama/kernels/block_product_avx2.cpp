// Compiled for AVX2, FMA and F16C.

#include "minillama/kernels/block_product.h"
#include "minillama/kernels/block_product_avx.h"

namespace minillama::kernels {
namespace {

/// The product of bytes takes its first factor without a sign: w gives its sign to x.
struct Avx2 {
  static constexpr int kTokens = 2;
  using Input = __m256i;
  using Sum = __m256;
  struct Weights {
    __m256i values;
    __m256i magnitudes;
    float scale;
  };

  template <typename Block>
  static MINILLAMA_INLINE Input load_input(const std::int8_t* values) {
    return load_bytes(values);
  }
  template <typename Block>
  static MINILLAMA_INLINE Weights load_weights(const Block& block) {
    const __m256i values = unpack_values(block);
    return {values, _mm256_abs_epi8(values), _cvtsh_ss(block.scale)};
  }
  static MINILLAMA_INLINE void add(Sum& sum, const Weights& w, const Input& x, float x_scale) {
    // The sum of two products of at most 128 * 127 fits into sixteen bits.
    const __m256i pairs = _mm256_maddubs_epi16(w.magnitudes, _mm256_sign_epi8(x, w.values));
    const __m256i dots = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), _mm256_set1_ps(w.scale * x_scale), sum);
  }
  static MINILLAMA_INLINE float total(const Sum& sum) { return sum_of_lanes(sum); }
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
