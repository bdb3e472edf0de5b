#include "minillama/nn/linear.h"

#include "minillama/core/random.h"
#include "minillama/ops/linear.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

TEST_CASE("linear: one row gives what many rows give") {
  auto generator = make_generator(1);
  const auto weight = torch::randn({7, 5}, generator);
  const auto x = torch::randn({4, 5}, generator);
  const auto all = apply_linear(x, weight);
  CHECK(test::difference(all, torch::mm(x, weight.t()), 1e-6, 1e-6) == "");
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto row = apply_linear(x.slice(0, i, i + 1), weight);
    CHECK(test::difference(row, all.slice(0, i, i + 1), 1e-6, 1e-6) == "");
  }
  CHECK(apply_linear(x.slice(0, 0, 1).view({1, 1, 5}), weight).sizes() ==
        torch::IntArrayRef({1, 1, 7}));
}

TEST_CASE("linear: gradients agree with finite differences, for one row too") {
  auto generator = make_generator(2);
  const auto weight = torch::randn({3, 4}, generator, torch::kDouble);
  for (const std::int64_t rows : {1, 3}) {
    const auto x = torch::randn({rows, 4}, generator, torch::kDouble);
    CHECK(test::gradient_difference([](const auto& in) { return apply_linear(in[0], in[1]); },
                                    {x, weight}) == "");
  }
}
