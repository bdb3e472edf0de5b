// Compiled for AVX-512 with VNNI.

#include "minillama/kernels/block_product.h"
#include "minillama/kernels/block_product_avx.h"

namespace minillama::kernels {
namespace {

/// The product of bytes takes its first factor without a sign: w loses it by an offset, and the
/// correction, -offset times the sum of x, undoes that.
struct Vnni {
  static constexpr int kTokens = 4;
  using Sum = __m256;
  struct Input {
    __m256i values;
    __m256i correction;
  };
  struct Weights {
    __m256i values;
    float scale;
  };

  template <typename Block>
  static MINILLAMA_INLINE Input load_input(const std::int8_t* bytes) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i values = load_bytes(bytes);
    const __m256i too_much = _mm256_dpbusd_epi32(zero, _mm256_set1_epi8(Block::kOffset), values);
    return {values, _mm256_sub_epi32(zero, too_much)};
  }
  template <typename Block>
  static MINILLAMA_INLINE Weights load_weights(const Block& block) {
    return {with_offset(block), _cvtsh_ss(block.scale)};
  }
  static MINILLAMA_INLINE void add(Sum& sum, const Weights& w, const Input& x, float x_scale) {
    const __m256i dots = _mm256_dpbusd_epi32(x.correction, w.values, x.values);
    sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), _mm256_set1_ps(w.scale * x_scale), sum);
  }
  static MINILLAMA_INLINE float total(const Sum& sum) { return sum_of_lanes(sum); }
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
