#include "minillama/kernels/q8_0.h"

#include "minillama/kernels/half.h"
#include "minillama/kernels/q8_0_product.h"
#include "minillama/kernels/simd.h"

namespace minillama::kernels {
namespace {

/// Writes the values of one block and returns the scale: the largest magnitude / 127.
template <int Lanes>
MINILLAMA_INLINE float quantize_block(const float* x, std::int8_t* values) {
  constexpr int kVectors = static_cast<int>(kBlockSize) / Lanes;
  Floats<Lanes> v[kVectors];
  Floats<Lanes> largest = {}, nothing = {};
  for (int k = 0; k < kVectors; ++k) {
    load<Lanes>(v[k], x + k * Lanes);
    const Floats<Lanes> magnitude = v[k] < 0.0F ? -v[k] : v[k];
    largest = largest > magnitude ? largest : magnitude;
    nothing += v[k] * 0.0F;  // NaN from NaN and infinity
  }
  const float scale = max<Lanes>(largest) / 127 + sum<Lanes>(nothing);
  const float inverse = scale > 0 ? 1 / scale : 0;
  for (int k = 0; k < kVectors; ++k) {
    // Adding 1.5 * 2^23 leaves the rounded number in the low byte of the sum.
    const Floats<Lanes> shifted = v[k] * inverse + 12582912.0F;
    Ints<Lanes> bits;
    std::memcpy(&bits, &shifted, sizeof(bits));
    for (int lane = 0; lane < Lanes; ++lane) {
      values[k * Lanes + lane] = static_cast<std::int8_t>(bits[lane]);
    }
  }
  return scale;
}

struct Portable {
  static constexpr int kTokens = 1;
  using Input = const std::int8_t*;
  using Sum = float;
  struct Weights {
    const std::int8_t* values;
    float scale;
  };

  static MINILLAMA_INLINE Input load_input(const std::int8_t* values) { return values; }
  static MINILLAMA_INLINE Weights load_weights(const Q8Block* block) {
    return {block->values, from_half(block->scale)};
  }
  static MINILLAMA_INLINE void add(Sum& sum, const Weights& w, const Input& x, float x_scale) {
    std::int32_t dot = 0;
    for (std::size_t i = 0; i < kBlockSize; ++i) dot += w.values[i] * x[i];
    sum += static_cast<float>(dot) * (w.scale * x_scale);
  }
  static MINILLAMA_INLINE float total(const Sum& sum) { return sum; }
};

}  // namespace

void quantize(Isa isa, std::size_t size, const float* x, Q8Block* blocks) {
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINED {
    for (std::size_t b = 0; b < size / kBlockSize; ++b) {
      blocks[b].scale = to_half(quantize_block<Lanes>(x + b * kBlockSize, blocks[b].values));
    }
  });
}

void quantize(Isa isa, std::size_t size, const float* x, const Q8Rows& rows, std::size_t row) {
  std::int8_t* values = rows.values + row * size;
  float* scales = rows.scales + row * (size / kBlockSize);
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINED {
    for (std::size_t b = 0; b < size / kBlockSize; ++b) {
      scales[b] = quantize_block<Lanes>(x + b * kBlockSize, values + b * kBlockSize);
    }
  });
}

void dequantize(std::size_t size, const Q8Block* blocks, float* x) {
  for (std::size_t b = 0; b < size / kBlockSize; ++b) {
    const float scale = from_half(blocks[b].scale);
    for (std::size_t i = 0; i < kBlockSize; ++i) {
      x[b * kBlockSize + i] = scale * static_cast<float>(blocks[b].values[i]);
    }
  }
}

void matmul(Isa isa, const Q8Block* w, std::size_t rows, std::size_t cols, const Q8Rows& x,
            std::size_t tokens, const OutputRows& y, Output output) {
  const Q8Product p{w, rows, cols, x, tokens, y, output};
#if defined(__x86_64__)
  if (isa == Isa::avx512 && has_avx512_vnni()) return q8_product_vnni(p);
  if (isa != Isa::portable) return q8_product_avx2(p);
#endif
  product<Portable>(p);
}

}  // namespace minillama::kernels
