#include "minillama/kernels/blocks.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "minillama/kernels/half.h"
#include "minillama/kernels/q4_0.h"
#include "minillama/kernels/q8_0.h"

#include "support/catch.h"
#include "support/kernels.h"

using namespace minillama::kernels;
using minillama::test::isas_here;
using minillama::test::numbers;

namespace {

/// Inputs in eight bits, with their memory.
struct Input {
  Input(Isa isa, const std::vector<float>& x, std::size_t count, std::size_t cols)
      : values(count * cols),
        scales(count * cols / kBlockSize),
        rows{values.data(), scales.data()} {
    for (std::size_t t = 0; t < count; ++t) to_bytes(isa, cols, x.data() + t * cols, rows, t);
  }

  std::vector<std::int8_t> values;
  std::vector<float> scales;
  ByteRows rows;
};

template <typename Block>
std::vector<Block> to_blocks(const std::vector<float>& x) {
  std::vector<Block> blocks(x.size() / kBlockSize);
  pack(x.size(), x.data(), blocks.data());
  return blocks;
}

/// Three blocks: of usual numbers, of small ones, of zeros.
std::vector<float> three_blocks() {
  auto x = numbers(96, 1);
  for (std::size_t i = 32; i < 64; ++i) x[i] *= 1e-3F;
  for (std::size_t i = 64; i < 96; ++i) x[i] = 0;
  return x;
}

/// The number of the largest magnitude among those of the block that element i is in.
float extreme_of(const std::vector<float>& x, std::size_t i) {
  float extreme = 0;
  for (std::size_t k = 0; k < kBlockSize; ++k) {
    const float value = x[i / kBlockSize * kBlockSize + k];
    if (std::abs(value) > std::abs(extreme)) extreme = value;
  }
  return extreme;
}

}  // namespace

TEST_CASE("half: every half float survives the way to float and back") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = from_half(half);
    if ((bits & 0x7FFF) > 0x7C00) {
      REQUIRE(std::isnan(value));
      REQUIRE((to_half(value) & 0x7FFF) > 0x7C00);
    } else {
      REQUIRE(to_half(value) == half);
    }
  }
  CHECK(from_half(0x3C00) == 1.0F);
  CHECK(from_half(0xC500) == -5.0F);
  CHECK(from_half(0x0001) == 0x1.0p-24F);
  CHECK(from_half(0x7BFF) == 65504.0F);
}

TEST_CASE("half: floats are rounded to the nearest, to even between two") {
  CHECK(to_half(1 + 0x1.0p-11F) == 0x3C00);
  CHECK(to_half(1 + 0x3.0p-11F) == 0x3C02);
  CHECK(to_half(1 + 0x1.2p-11F) == 0x3C01);
  CHECK(to_half(0x1.0p-25F) == 0);
  CHECK(to_half(0x3.0p-25F) == 2);
  CHECK(to_half(65519.0F) == 0x7BFF);
  CHECK(to_half(65520.0F) == 0x7C00);
  CHECK(to_half(-1e30F) == 0xFC00);
}

TEST_CASE("blocks: q8_0: each number is its block's largest / 127 times the nearest integer") {
  const auto x = three_blocks();
  const auto blocks = to_blocks<Q8Block>(x);
  std::vector<float> back(x.size());
  unpack(x.size(), blocks.data(), back.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float largest = std::abs(extreme_of(x, i));
    INFO("element " << i);
    // Half a step, and what rounding the scale to a half float does to 127 of them.
    CHECK(std::abs(back[i] - x[i]) <= largest / 127 * (0.5 + 127 * 0x1.0p-11));
    if (std::abs(x[i]) == largest)
      CHECK(std::abs(blocks[i / 32].values[i % 32]) == (largest > 0 ? 127 : 0));
  }
}

TEST_CASE("blocks: q4_0: the extreme number is -8 times the scale, the others the nearest of 16") {
  const auto x = three_blocks();
  const auto blocks = to_blocks<Q4Block>(x);
  std::vector<float> back(x.size());
  unpack(x.size(), blocks.data(), back.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float extreme = extreme_of(x, i);
    const float step = std::abs(extreme) / 8;
    INFO("element " << i);
    CHECK(std::abs(from_half(blocks[i / 32].scale) + extreme / 8) <= step * 0x1.0p-11F);
    // What lies on the other side of 0 has seven steps only, and may be a step off.
    const bool is_cut = x[i] * extreme < 0 && std::abs(x[i]) > 7.5F * step;
    CHECK(std::abs(back[i] - x[i]) <= step * ((is_cut ? 1.0 : 0.5) + 8 * 0x1.0p-11));
    if (x[i] == extreme) CHECK(std::abs(back[i] - x[i]) <= step * 8 * 0x1.0p-11F);
  }
  // As GGUF lays it out: number i and number 16 + i share byte i.
  std::vector<float> two(32, 0.0F);
  two[3] = -8;
  two[19] = 7;
  const auto block = to_blocks<Q4Block>(two)[0];
  CHECK(from_half(block.scale) == 1);
  CHECK(block.pairs[3] == 0xF0);
  CHECK(block.pairs[0] == 0x88);
}

TEMPLATE_TEST_CASE("blocks: what is not finite does not vanish", "", Q8Block, Q4Block) {
  for (const float broken : {NAN, INFINITY, -INFINITY}) {
    auto x = numbers(64, 1);
    x[37] = broken;
    const auto blocks = to_blocks<TestType>(x);
    CHECK_FALSE(std::isnan(from_half(blocks[0].scale)));
    CHECK(std::isnan(from_half(blocks[1].scale)));
  }
}

TEST_CASE("blocks: inputs in eight bits are the same for every instruction set") {
  const auto x = three_blocks();
  const Input expected(Isa::portable, x, 1, x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float scale = expected.scales[i / kBlockSize];
    CHECK(std::abs(static_cast<float>(expected.values[i]) * scale - x[i]) <= scale * 0.5001F);
  }
  for (const Isa isa : isas_here()) {
    const Input found(isa, x, 1, x.size());
    CHECK(found.values == expected.values);
    CHECK(found.scales == expected.scales);
    for (const float broken : {NAN, INFINITY}) {
      auto bad = x;
      bad[40] = broken;
      CHECK(std::isnan(Input(isa, bad, 1, bad.size()).scales[1]));
    }
  }
}

TEMPLATE_TEST_CASE("blocks: every instruction set gives the product of what the blocks stand for",
                   "", Q8Block, Q4Block) {
  for (const Isa isa : isas_here()) {
    for (const std::size_t cols : {32, 64, 96, 352}) {
      for (const std::size_t rows : {1, 3, 4, 5, 8}) {
        for (const std::size_t tokens : {1, 2, 3, 4, 5, 9}) {
          const auto w = to_blocks<TestType>(numbers(rows * cols, 1));
          const Input x(isa, numbers(tokens * cols, 2), tokens, cols);
          std::vector<float> floats(rows * cols);
          unpack(floats.size(), w.data(), floats.data());
          const std::size_t stride = rows + 2;
          const auto before = numbers(tokens * stride, 3);
          auto y = before, added = before;
          block_matmul(isa, w.data(), rows, cols, x.rows, tokens, {y.data(), stride});
          block_matmul(isa, w.data(), rows, cols, x.rows, tokens, {added.data(), stride},
                       Output::add, Source::memory);
          INFO("isa " << static_cast<int>(isa) << ", " << rows << " x " << cols << ", " << tokens);
          for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t r = 0; r < rows; ++r) {
              double expected = 0;
              for (std::size_t c = 0; c < cols; ++c) {
                const std::size_t at = t * cols + c;
                expected += double(floats[r * cols + c]) * x.scales[at / kBlockSize] * x.values[at];
              }
              REQUIRE(y[t * stride + r] == Approx(expected).margin(2e-5));
              REQUIRE(added[t * stride + r] == before[t * stride + r] + y[t * stride + r]);
            }
            REQUIRE(y[t * stride + rows] == before[t * stride + rows]);
          }
        }
      }
    }
  }
}

TEST_CASE("blocks: exact for the largest integers, -128 from foreign files included") {
  constexpr std::size_t kCols = 64;
  for (const Isa isa : isas_here()) {
    for (const int w_value : {-128, -127, 127}) {
      for (const int x_value : {-127, 127}) {
        std::vector<Q8Block> w(4 * kCols / kBlockSize, Q8Block{.scale = to_half(1), .values = {}});
        for (auto& block : w) std::fill_n(block.values, kBlockSize, std::int8_t(w_value));
        std::vector<std::int8_t> values(kCols, std::int8_t(x_value));
        std::vector<float> scales(kCols / kBlockSize, 1);
        std::vector<float> y(4);
        block_matmul(isa, w.data(), 4, kCols, {values.data(), scales.data()}, 1, {y.data(), 4});
        for (const float element : y) CHECK(element == float(64 * w_value * x_value));
      }
    }
  }
}
