#include "minillama/optim/clipping.h"

#include <cmath>

#include <torch/nn/utils/clip_grad.h>

#include "minillama/core/random.h"

#include "support/catch.h"
#include "support/threads.h"

using namespace minillama;

namespace {

std::vector<torch::Tensor> parameters_with_gradients() {
  auto generator = make_generator(3);
  std::vector<torch::Tensor> parameters;
  for (const std::int64_t size : {200'000, 1, 17}) {
    parameters.push_back(torch::zeros({size}, torch::requires_grad()));
    parameters.back().mutable_grad() = torch::randn({size}, generator);
  }
  parameters.push_back(torch::zeros({5}, torch::requires_grad()));  // without a gradient
  return parameters;
}

}  // namespace

TEST_CASE("clipping: the norm is that of all gradients together, as LibTorch's") {
  const auto parameters = parameters_with_gradients();
  double squares = 0;
  for (int i = 0; i < 3; ++i) {
    squares += parameters[i].grad().to(torch::kDouble).square().sum().item<double>();
  }
  CHECK(grad_norm(parameters) == Approx(std::sqrt(squares)).epsilon(1e-13));
  const double norm = grad_norm(parameters);
  CHECK(torch::nn::utils::clip_grad_norm_(parameters, 1.0) == Approx(norm).epsilon(1e-5));
  CHECK(grad_norm({}) == 0);
}

TEST_CASE("clipping: the norm's bits do not depend on the number of threads") {
  const auto parameters = parameters_with_gradients();
  const auto norm = [&](int threads) {
    const test::Threads scope(threads);
    return grad_norm(parameters);
  };
  CHECK(norm(1) == norm(3));
}

TEST_CASE("clipping: the norm reads gradients of other types and layouts") {
  const auto values = torch::arange(12, torch::kDouble).reshape({3, 4});
  for (const auto dtype : {torch::kFloat, torch::kDouble, torch::kBFloat16, torch::kHalf}) {
    auto parameter = torch::zeros({3, 4}, torch::TensorOptions(dtype).requires_grad(true));
    parameter.mutable_grad() = values.to(dtype);
    CHECK(grad_norm({parameter}) == Approx(std::sqrt(506.0)).epsilon(1e-12));
    parameter.mutable_grad() = values.to(dtype).t().contiguous().t();
    CHECK(grad_norm({parameter}) == Approx(std::sqrt(506.0)).epsilon(1e-12));
  }
}

TEST_CASE("clipping: the coefficient is max_norm over the norm and at most 1") {
  CHECK(clip_coefficient(4, 2) == Approx(0.5).epsilon(1e-6));
  CHECK(clip_coefficient(1, 2) == 1);
  CHECK(clip_coefficient(0, 2) == 1);
  CHECK(clip_coefficient(3, INFINITY) == 1);
  CHECK(clip_coefficient(2, 2) == 2 / (2 + 1e-6));
  CHECK(std::isnan(clip_coefficient(NAN, 2)));
}
