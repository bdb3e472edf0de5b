#include "minillama/kernels/block_product.h"

#include <vector>

#include "minillama/kernels/simd.h"

namespace minillama::kernels {
namespace {

constexpr std::size_t kHalfSize = kPartSize / 2;

/// Writes the values of one part and returns the scale: the largest magnitude / 127.
template <int Lanes>
MINILLAMA_INLINE float part_to_bytes(const float* x, std::int8_t* values) {
  constexpr int kVectors = static_cast<int>(kPartSize) / Lanes;
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

MINILLAMA_INLINE std::int16_t sum_of_half(const std::int8_t* values) {
  std::int16_t sum = 0;
  for (std::size_t i = 0; i < kHalfSize; ++i) sum = static_cast<std::int16_t>(sum + values[i]);
  return sum;
}

/// A part's product as integers, before the scales.
template <typename Block>
std::int32_t dot_of_part(const Block& block, std::size_t part, const std::int8_t* values,
                         const std::int8_t* x) {
  std::int32_t halves[2] = {0, 0};
  for (std::size_t i = 0; i < kPartSize; ++i) halves[i / kHalfSize] += values[i] * x[i];
  if constexpr (Block::kHasSubScales) {
    return sub_scale_of(block, 2 * part) * halves[0] +
           sub_scale_of(block, 2 * part + 1) * halves[1];
  } else {
    return halves[0] + halves[1];
  }
}

/// Codes less their offset.
template <typename Block>
void values_of_part(const Block& block, std::size_t part, std::int8_t* values) {
  std::uint8_t out[kPartSize];
  codes(block, part, out);
  for (std::size_t i = 0; i < kPartSize; ++i) {
    values[i] = static_cast<std::int8_t>(out[i] - Block::kOffset);
  }
}

/// The plain version.
template <typename Block>
void block_product(const BlockProduct<Block>& p) {
  constexpr std::size_t kParts = Block::kSize / kPartSize;
  std::vector<std::int8_t> values(p.cols);
  for (std::size_t r = 0; r < p.rows; ++r) {
    const Block* row = p.row(r);
    for (std::size_t i = 0; i < p.parts(); ++i) {
      values_of_part(row[i / kParts], i % kParts, values.data() + i * kPartSize);
    }
    for (std::size_t t = 0; t < p.tokens; ++t) {
      float sums[kSums] = {};
      for (std::size_t i = 0; i < p.parts(); ++i) {
        const Block& block = row[i / kParts];
        const std::size_t part = i % kParts, at = i * kPartSize;
        const auto dot = dot_of_part(block, part, values.data() + at, p.values(t) + at);
        const float x_scale = p.scales(t)[i];
        float& sum = sums[i % kSums];
        sum += static_cast<float>(dot) * (scale_of(block, part) * x_scale);
        if constexpr (Block::kHasMinimum) {
          const std::int16_t* halves = p.half_sums(t) + 2 * i;
          sum -=
              minimum_of(block, 2 * part) * (static_cast<float>(halves[0] + halves[1]) * x_scale);
        }
      }
      const float four[4] = {sums[0] + sums[4], sums[1] + sums[5], sums[2] + sums[6],
                             sums[3] + sums[7]};
      p.put(t, r, (four[0] + four[2]) + (four[1] + four[3]));
    }
  }
}

}  // namespace

void to_bytes(Isa isa, std::size_t size, const float* x, const ByteRows& rows, std::size_t row) {
  std::int8_t* values = rows.values + row * size;
  float* scales = rows.scales + row * (size / kPartSize);
  std::int16_t* half_sums = rows.half_sums + row * (size / kHalfSize);
  with_lanes(isa, [=]<int Lanes>() MINILLAMA_INLINED {
    for (std::size_t i = 0; i < size / kPartSize; ++i) {
      scales[i] = part_to_bytes<Lanes>(x + i * kPartSize, values + i * kPartSize);
    }
    for (std::size_t i = 0; i < size / kHalfSize; ++i) {
      half_sums[i] = sum_of_half(values + i * kHalfSize);
    }
  });
}

template <typename Block>
void pack(std::size_t size, const float* x, Block* blocks) {
  for (std::size_t b = 0; b < size / Block::kSize; ++b) pack_block(x + b * Block::kSize, blocks[b]);
}

template <typename Block>
void unpack(std::size_t size, const Block* blocks, float* x) {
  std::int8_t values[kPartSize];
  for (std::size_t i = 0; i < size / kHalfSize; ++i) {
    const Block& block = blocks[i * kHalfSize / Block::kSize];
    const std::size_t half = i % (Block::kSize / kHalfSize);
    if (half % 2 == 0) values_of_part(block, half / 2, values);
    float scale = scale_of(block, half / 2);
    if constexpr (Block::kHasSubScales) scale *= static_cast<float>(sub_scale_of(block, half));
    for (std::size_t k = 0; k < kHalfSize; ++k) {
      float& number = x[i * kHalfSize + k];
      number = scale * static_cast<float>(values[half % 2 * kHalfSize + k]);
      if constexpr (Block::kHasMinimum) number -= minimum_of(block, half);
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
  block_product(p);
}

#define MINILLAMA_BLOCK(Block)                                                             \
  template void pack(std::size_t, const float*, Block*);                                   \
  template void unpack(std::size_t, const Block*, float*);                                 \
  template void block_matmul(Isa, const Block*, std::size_t, std::size_t, const ByteRows&, \
                             std::size_t, const OutputRows&, Output, Source);
MINILLAMA_FOR_EACH_BLOCK(MINILLAMA_BLOCK)
#undef MINILLAMA_BLOCK
#define MINILLAMA_BLOCK(Block) template void unpack(std::size_t, const Block*, float*);
MINILLAMA_FOR_EACH_READ_BLOCK(MINILLAMA_BLOCK)
#undef MINILLAMA_BLOCK

}  // namespace minillama::kernels
