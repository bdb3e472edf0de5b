#include "minillama/kernels/matmul.h"

#include <cmath>
#include <type_traits>
#include <vector>

#include "minillama/kernels/half.h"

#include "support/catch.h"
#include "support/kernels.h"

using namespace minillama::kernels;
using minillama::test::isas_here;
using minillama::test::numbers;

TEST_CASE("matmul kernel: every instruction set computes the product, for all sizes") {
  for (const Isa isa : isas_here()) {
    for (const std::size_t cols : {1, 2, 3, 7, 8, 12, 16, 17, 31, 32, 33, 100}) {
      for (const std::size_t rows : {1, 3, 4, 5, 8}) {
        for (const std::size_t tokens : {1, 2, 3, 4, 5, 9}) {
          const std::size_t x_stride = cols + 3, y_stride = rows + 2;
          const auto w = numbers(rows * cols, 1);
          const auto x = numbers(tokens * x_stride, 2);
          const auto before = numbers(tokens * y_stride, 3);
          auto y = before, added = before;
          const InputRows input{x.data(), x_stride, tokens};
          matmul(isa, w.data(), rows, cols, input, {y.data(), y_stride});
          matmul(isa, w.data(), rows, cols, input, {added.data(), y_stride}, Output::add,
                 Source::memory_stream);
          auto rows_asked_for = before;
          matmul(isa, w.data(), rows, cols, input, {rows_asked_for.data(), y_stride},
                 Output::replace, Source::memory_rows);
          REQUIRE(rows_asked_for == y);
          INFO("isa " << static_cast<int>(isa) << ", " << rows << " x " << cols << ", " << tokens);
          for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t r = 0; r < y_stride; ++r) {
              const std::size_t at = t * y_stride + r;
              if (r >= rows) {  // beyond the row: untouched
                REQUIRE((y[at] == before[at] && added[at] == before[at]));
                continue;
              }
              double expected = 0;
              for (std::size_t c = 0; c < cols; ++c) {
                expected += double(w[r * cols + c]) * x[t * x_stride + c];
              }
              REQUIRE(y[at] == Approx(expected).margin(2e-5));
              REQUIRE(added[at] == before[at] + y[at]);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("matmul kernel: an element does not depend on how many there are") {
  constexpr std::size_t kRows = 9, kCols = 50, kTokens = 7;
  const auto w = numbers(kRows * kCols, 1);
  const auto x = numbers(kTokens * kCols, 2);
  for (const Isa isa : isas_here()) {
    std::vector<float> all(kTokens * kRows);
    matmul(isa, w.data(), kRows, kCols, {x.data(), kCols, kTokens}, {all.data(), kRows});
    for (std::size_t t = 0; t < kTokens; ++t) {
      for (std::size_t r = 0; r < kRows; ++r) {
        float one = 0;
        matmul(isa, w.data() + r * kCols, 1, kCols, {x.data() + t * kCols, kCols, 1}, {&one, 1});
        CHECK(one == all[t * kRows + r]);
      }
    }
  }
}

TEMPLATE_TEST_CASE("matmul kernel: half types are what the floats are that they stand for", "",
                   Half, BFloat16) {
  for (const Isa isa : isas_here()) {
    for (const std::size_t cols : {1, 2, 7, 16, 33, 100}) {
      constexpr std::size_t kRows = 5, kTokens = 6;
      const auto numbers_of_w = numbers(kRows * cols, 1);
      std::vector<TestType> w(kRows * cols);
      std::vector<float> floats(kRows * cols);
      for (std::size_t i = 0; i < w.size(); ++i) {
        // The smallest ones are denormal as halves.
        const float number = numbers_of_w[i] * (i % 3 == 0 ? 1e-6F : 1);
        if constexpr (std::is_same_v<TestType, Half>) {
          w[i].bits = to_half(number);
          floats[i] = from_half(w[i].bits);
        } else {
          store(number, w[i]);
          floats[i] = load(w[i]);
        }
      }
      const auto x = numbers(kTokens * cols, 2);
      std::vector<float> found(kTokens * kRows), expected(kTokens * kRows);
      matmul(isa, w.data(), kRows, cols, {x.data(), cols, kTokens}, {found.data(), kRows});
      matmul(isa, floats.data(), kRows, cols, {x.data(), cols, kTokens}, {expected.data(), kRows});
      CHECK(found == expected);
    }
  }
}

TEST_CASE("matmul kernel: every half float is read as the float that it is") {
  std::vector<Half> w(0x10000);
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits)
    w[bits].bits = static_cast<std::uint16_t>(bits);
  const float one = 1;
  for (const Isa isa : isas_here()) {
    std::vector<float> y(w.size());
    matmul(isa, w.data(), w.size(), 1, {&one, 1, 1}, {y.data(), w.size()});
    std::vector<float> x(16);
    for (std::size_t i = 0; i < w.size(); ++i) {
      const float expected = from_half(w[i].bits);
      REQUIRE((y[i] == expected || (std::isnan(y[i]) && std::isnan(expected))));
    }
    // In the lanes of a vector: the product with one 1 among zeros.
    for (std::size_t row = 0; row < w.size() / 16; ++row) {
      for (std::size_t lane = 0; lane < 16; lane += 5) {
        x.assign(16, 0);
        x[lane] = 1;
        float sum = 0;
        matmul(isa, w.data() + row * 16, 1, 16, {x.data(), 16, 1}, {&sum, 1});
        if ((row * 16 & 0x7C00) == 0x7C00) continue;  // 0 times infinity
        REQUIRE(sum == from_half(w[row * 16 + lane].bits));
      }
    }
  }
}
