#include "minillama/kernels/blocks.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "minillama/io/safetensors.h"
#include "minillama/kernels/block_kinds.h"
#include "minillama/kernels/half.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/kernels.h"

using namespace minillama::kernels;
using minillama::test::isas_here;
using minillama::test::numbers;

/// The kinds that are computed with.
#define ALL_BLOCKS                                                                        \
  Q8_0Block, Q4_0Block, Q4_1Block, Q5_0Block, Q5_1Block, Q4_KBlock, Q5_KBlock, Q6_KBlock, \
      IQ4_NLBlock

namespace {

/// Gives a block of whatever bytes scales that are numbers.
template <typename Block>
void set_scales(Block& block, std::uint16_t half) {
  if constexpr (requires { block.head; }) {
    block.head.scale = block.head.minimum = half;
  } else {
    block.scale = half;
    if constexpr (Block::kHasMinimum) block.lowest = half;
  }
}

/// Inputs in eight bits, with their memory.
struct Input {
  Input(Isa isa, const std::vector<float>& x, std::size_t count, std::size_t cols)
      : values(count * cols),
        scales(count * cols / kPartSize),
        half_sums(count * cols / kPartSize * 2),
        rows{values.data(), scales.data(), half_sums.data()} {
    for (std::size_t t = 0; t < count; ++t) to_bytes(isa, cols, x.data() + t * cols, rows, t);
  }

  ByteRows row(std::size_t t, std::size_t cols) {
    return {values.data() + t * cols, scales.data() + t * cols / kPartSize,
            half_sums.data() + t * cols / kPartSize * 2};
  }

  std::vector<std::int8_t> values;
  std::vector<float> scales;
  std::vector<std::int16_t> half_sums;
  ByteRows rows;
};

template <typename Block>
std::vector<Block> to_blocks(const std::vector<float>& x) {
  std::vector<Block> blocks(x.size() / Block::kSize);
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
  for (std::size_t k = 0; k < kPartSize; ++k) {
    const float value = x[i / kPartSize * kPartSize + k];
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
  const auto blocks = to_blocks<Q8_0Block>(x);
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
  const auto blocks = to_blocks<Q4_0Block>(x);
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
  const auto block = to_blocks<Q4_0Block>(two)[0];
  CHECK(from_half(block.scale) == 1);
  CHECK(block.pairs[3] == 0xF0);
  CHECK(block.pairs[0] == 0x88);
}

TEMPLATE_TEST_CASE("blocks: what is not finite does not vanish", "", ALL_BLOCKS) {
  constexpr std::size_t kSize = TestType::kSize;
  for (const float broken : {NAN, INFINITY, -INFINITY}) {
    auto x = numbers(2 * kSize, 1);
    x[kSize + 5] = broken;
    const auto blocks = to_blocks<TestType>(x);
    std::vector<float> back(x.size());
    unpack(x.size(), blocks.data(), back.data());
    for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(std::isnan(back[i]) == (i >= kSize));
  }
}

TEST_CASE("blocks: inputs in eight bits are the same for every instruction set") {
  const auto x = three_blocks();
  const Input expected(Isa::portable, x, 1, x.size());
  std::vector<std::int16_t> sums(x.size() / 16);
  for (std::size_t i = 0; i < x.size(); ++i) {
    sums[i / 16] = static_cast<std::int16_t>(sums[i / 16] + expected.values[i]);
    const float scale = expected.scales[i / kPartSize];
    CHECK(std::abs(static_cast<float>(expected.values[i]) * scale - x[i]) <= scale * 0.5001F);
  }
  CHECK(expected.half_sums == sums);
  for (const Isa isa : isas_here()) {
    const Input found(isa, x, 1, x.size());
    CHECK(found.values == expected.values);
    CHECK(found.scales == expected.scales);
    CHECK(found.half_sums == expected.half_sums);
    for (const float broken : {NAN, INFINITY}) {
      auto bad = x;
      bad[40] = broken;
      CHECK(std::isnan(Input(isa, bad, 1, bad.size()).scales[1]));
    }
  }
}

TEMPLATE_TEST_CASE("blocks: every instruction set gives the product of what the blocks stand for",
                   "", ALL_BLOCKS) {
  for (const Isa isa : isas_here()) {
    for (const std::size_t cols : {32, 64, 96, 256, 352, 576, 1024}) {
      if (cols % TestType::kSize != 0) continue;
      for (const std::size_t rows : {1, 3, 4, 5, 16, 17, 21}) {
        for (const std::size_t tokens : {1, 2, 5, 6, 9, 16, 19}) {
          const auto w = to_blocks<TestType>(numbers(rows * cols, 1));
          Input x(isa, numbers(tokens * cols, 2), tokens, cols);
          std::vector<float> floats(rows * cols);
          unpack(floats.size(), w.data(), floats.data());
          const std::size_t stride = rows + 2;
          const auto before = numbers(tokens * stride, 3);
          auto y = before, added = before;
          block_matmul(isa, w.data(), rows, cols, x.rows, tokens, {y.data(), stride});
          block_matmul(isa, w.data(), rows, cols, x.rows, tokens, {added.data(), stride},
                       Output::add, Source::memory_stream);
          INFO("isa " << static_cast<int>(isa) << ", " << rows << " x " << cols << ", " << tokens);
          for (std::size_t t = 0; t < tokens; ++t) {
            // What is computed for many tokens is, bit for bit, what one alone gives.
            std::vector<float> alone(rows);
            block_matmul(isa, w.data(), rows, cols, x.row(t, cols), 1, {alone.data(), rows});
            for (std::size_t r = 0; r < rows; ++r) {
              double expected = 0, magnitude = 0;
              for (std::size_t c = 0; c < cols; ++c) {
                const std::size_t at = t * cols + c;
                const double product =
                    double(floats[r * cols + c]) * x.scales[at / kPartSize] * x.values[at];
                expected += product;
                magnitude += std::abs(product);
              }
              REQUIRE(std::abs(y[t * stride + r] - expected) <= 1e-6 * magnitude);
              REQUIRE(y[t * stride + r] == alone[r]);
              REQUIRE(added[t * stride + r] == before[t * stride + r] + y[t * stride + r]);
            }
            REQUIRE(y[t * stride + rows] == before[t * stride + rows]);
          }
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("blocks: exact for the largest codes, those of foreign files included", "",
                   ALL_BLOCKS) {
  constexpr std::size_t kCols = 512, kRows = 5;
  for (const int byte : {0, 255, 128, 127, 0xF0}) {
    // Blocks of that byte alone, with scales of 1.
    std::vector<TestType> w(kRows * kCols / TestType::kSize);
    std::memset(static_cast<void*>(w.data()), byte, w.size() * sizeof(TestType));
    for (auto& block : w) set_scales(block, to_half(1));
    std::vector<float> floats(kRows * kCols);
    unpack(floats.size(), w.data(), floats.data());
    for (const int x_value : {-127, 127}) {
      for (const std::size_t tokens : {1, 8}) {
        Input x(Isa::portable, std::vector<float>(tokens * kCols, float(x_value)), tokens, kCols);
        for (const Isa isa : isas_here()) {
          std::vector<float> y(tokens * kRows);
          block_matmul(isa, w.data(), kRows, kCols, x.rows, tokens, {y.data(), kRows});
          double expected = 0;
          for (std::size_t c = 0; c < kCols; ++c) expected += double(floats[c]) * x_value;
          INFO("byte " << byte << ", isa " << static_cast<int>(isa));
          for (const float element : y) REQUIRE(element == Approx(expected).epsilon(1e-6));
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("blocks: the numbers of random bytes are those of the Python package gguf", "",
                   ALL_BLOCKS, Q2_KBlock, Q3_KBlock) {
  const minillama::SafetensorsFile file(
      minillama::test::repository_file("tests/reference/blocks.safetensors"));
  const auto bytes_of = [&](const std::string& name) {
    for (const auto& tensor : file.tensors()) {
      if (tensor.name == name) return tensor.data;
    }
    throw std::runtime_error(name);
  };
  const std::string name(to_string(TestType::kType));
  const auto stored = bytes_of(name + ".bytes"), expected = bytes_of(name + ".numbers");
  std::vector<TestType> blocks(stored.size() / sizeof(TestType));
  std::memcpy(static_cast<void*>(blocks.data()), stored.data(), stored.size());
  std::vector<float> numbers(expected.size() / sizeof(float)), found(numbers.size());
  std::memcpy(numbers.data(), expected.data(), expected.size());
  REQUIRE(numbers.size() == blocks.size() * TestType::kSize);
  unpack(found.size(), blocks.data(), found.data());
  CHECK(found == numbers);
}

TEMPLATE_TEST_CASE("blocks: packed, numbers are no further off than llama.cpp's", "", ALL_BLOCKS) {
  // By the root of the mean square over 4,096 numbers (tests/reference/blocks.py).
  const minillama::SafetensorsFile file(
      minillama::test::repository_file("tests/reference/blocks.safetensors"));
  std::vector<float> x, errors;
  for (const auto& tensor : file.tensors()) {
    if (tensor.name != "packed" &&
        tensor.name != std::string(to_string(TestType::kType)) + ".error")
      continue;
    auto& out = tensor.name == "packed" ? x : errors;
    out.resize(tensor.data.size() / sizeof(float));
    std::memcpy(out.data(), tensor.data.data(), tensor.data.size());
  }
  REQUIRE(x.size() == 4096);
  REQUIRE(errors.size() == 1);
  const auto blocks = to_blocks<TestType>(x);
  std::vector<float> back(x.size());
  unpack(x.size(), blocks.data(), back.data());
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (back[i] - x[i]) * double(back[i] - x[i]);
  CHECK(std::sqrt(sum / 4096) <= errors[0] * (1 + 1e-6));
}
