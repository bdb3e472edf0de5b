#include "minillama/kernels/block_product.h"

#include "minillama/kernels/simd.h"

namespace minillama::kernels {
namespace {

/// Writes the values of one block and returns the scale: the largest magnitude / 127.
template <int Lanes>
MINILLAMA_INLINE float block_to_bytes(const float* x, std::int8_t* values) {
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
    std::int8_t values[kBlockSize];
    float scale;
  };

  template <typename Block>
  static MINILLAMA_INLINE Input load_input(const std::int8_t* values) {
    return values;
  }
  template <typename Block>
  static MINILLAMA_INLINE Weights load_weights(const Block& block) {
    Weights weights;
    unpack_values(block, weights.values);
    weights.scale = from_half(block.scale);
    return weights;
  }
  static MINILLAMA_INLINE void add(Sum& sum, const Weights& w, const Input& x, float x_scale) {
    std::int32_t dot = 0;
    for (std::size_t i = 0; i < kBlockSize; ++i) dot += w.values[i] * x[i];
    sum += static_cast<float>(dot) * (w.scale * x_scale);
  }
  static MINILLAMA_INLINE float total(const Sum& sum) { return sum; }
};

}  // namespace

void to_bytes(Isa isa, std::size_t size, const float* x, const ByteRows& rows, std::size_t row) {
  std::int8_t* values = rows.values + row * size;
  float* scales = rows.scales + row * (size / kBlockSize);
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINED {
    for (std::size_t b = 0; b < size / kBlockSize; ++b) {
      scales[b] = block_to_bytes<Lanes>(x + b * kBlockSize, values + b * kBlockSize);
    }
  });
}

template <typename Block>
void pack(std::size_t size, const float* x, Block* blocks) {
  for (std::size_t b = 0; b < size / kBlockSize; ++b) pack_block(x + b * kBlockSize, blocks[b]);
}

template <typename Block>
void unpack(std::size_t size, const Block* blocks, float* x) {
  std::int8_t values[kBlockSize];
  for (std::size_t b = 0; b < size / kBlockSize; ++b) {
    unpack_values(blocks[b], values);
    const float scale = from_half(blocks[b].scale);
    for (std::size_t i = 0; i < kBlockSize; ++i) {
      x[b * kBlockSize + i] = scale * static_cast<float>(values[i]);
    }
  }
}

template <typename Block>
void block_matmul(Isa isa, const Block* w, std::size_t rows, std::size_t cols, const ByteRows& x,
                  std::size_t tokens, const OutputRows& y, Output output, Source source) {
  const BlockProduct<Block> p{w, rows, cols, x, tokens, y, output, source};
#if defined(__x86_64__)
  if (isa == Isa::avx512 && has_avx512_vnni()) return block_product_vnni(p);
  if (isa != Isa::portable) return block_product_avx2(p);
#endif
  product<Portable>(p);
}

#define MINILLAMA_BLOCK(Block)                                                             \
  template void pack(std::size_t, const float*, Block*);                                   \
  template void unpack(std::size_t, const Block*, float*);                                 \
  template void block_matmul(Isa, const Block*, std::size_t, std::size_t, const ByteRows&, \
                             std::size_t, const OutputRows&, Output, Source);
MINILLAMA_FOR_EACH_BLOCK(MINILLAMA_BLOCK)
#undef MINILLAMA_BLOCK

}  // namespace minillama::kernels
