#include "minillama/ops/product.h"

#include <torch/autograd.h>

#include "minillama/core/device.h"
#include "minillama/core/random.h"
#include "minillama/core/thread_pool.h"

#include "support/catch.h"
#include "support/tensors.h"
#include "support/threads.h"

using namespace minillama;

namespace {

torch::Tensor normal(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, make_generator(seed), torch::kFloat);
}

}  // namespace

TEST_CASE("product: large and small ones, of rows, columns and vectors, are the float64 product") {
  const test::Threads scope(available_processors());
  for (const std::int64_t rows : {1, 2, 7, 301}) {
    INFO(rows << " rows");
    const auto a = normal({rows, 200}, 1), b = normal({200, 150}, 2), v = normal({200}, 3);
    const auto exact = a.to(torch::kDouble).matmul(b.to(torch::kDouble)).to(torch::kFloat);
    CHECK(test::difference(product(a, b), exact, 1e-4, 1e-4) == "");
    CHECK(test::difference(product(a.t().contiguous().t(), b.t().contiguous().t()), exact, 1e-4,
                           1e-4) == "");
    const auto with_vector = a.to(torch::kDouble).mv(v.to(torch::kDouble)).to(torch::kFloat);
    CHECK(test::difference(product(a, v), with_vector, 1e-4, 1e-4) == "");
  }
  const auto large = normal({20000, 200}, 4), v = normal({200}, 3);
  CHECK(test::difference(product(large, v), large.mv(v), 1e-4, 1e-4) == "");
  CHECK(product(torch::empty({0, 3}), torch::empty({3, 4})).sizes() == at::IntArrayRef{0, 4});
}

TEST_CASE("product: shared out only if it is large, on the CPU, by more than one thread") {
  {
    const test::Threads scope(1);
    CHECK_FALSE(product_is_shared(torch::kCPU, std::int64_t{1} << 40));
  }
  const test::Threads scope(2);
  CHECK(product_is_shared(torch::kCPU, std::int64_t{1} << 40) == (threads() > 1));
  CHECK_FALSE(product_is_shared(torch::kCPU, 1000));
  CHECK_FALSE(product_is_shared(torch::kCUDA, std::int64_t{1} << 40));
  run_team(2, [](std::size_t) {
    if (threads() > 1 && product_is_shared(torch::kCPU, std::int64_t{1} << 40)) std::abort();
  });
}

TEST_CASE("product: a shared linear map has the values and gradients of torch::linear") {
  const test::Threads scope(available_processors());
  const auto x = normal({3, 101, 200}, 1).requires_grad_(),
             w = normal({150, 200}, 2).requires_grad_();
  const auto grad = normal({3, 101, 150}, 3);
  const auto y = shared_linear(x, w), expected = torch::linear(x, w);
  CHECK(test::difference(y, expected, 1e-4, 1e-4) == "");
  const auto grads = torch::autograd::grad({y}, {x, w}, {grad});
  const auto expected_grads = torch::autograd::grad({expected}, {x, w}, {grad});
  for (const std::size_t i : {0, 1}) {
    CHECK(test::difference(grads[i], expected_grads[i], 1e-4, 1e-3) == "");
  }
  // Only what is wanted is computed, and nothing is recorded where nothing is.
  const auto of_x = shared_linear(x, w.detach());
  CHECK(test::difference(torch::autograd::grad({of_x}, {x}, {grad})[0], expected_grads[0], 1e-4,
                         1e-3) == "");
  CHECK_FALSE(shared_linear(x.detach(), w.detach()).requires_grad());
}
