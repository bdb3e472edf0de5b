#include "minillama/kernels/matmul.h"

#include <vector>

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
          matmul(isa, w.data(), rows, cols, input, {added.data(), y_stride}, Output::add);
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
