#include "minillama/nn/adapter.h"

#include <limits>

#include <torch/optim/sgd.h>

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/nn/linear.h"

#include "support/catch.h"
#include "support/scale_adapter.h"
#include "support/tensors.h"

using namespace minillama;
using test::Scale;

namespace {

/// A linear [6, 5] with a bias and an active adapter "a" of the kind that scales.
Linear scaled_linear(torch::ScalarType type = torch::kFloat) {
  Linear linear(5, 6, /*with_bias=*/true);
  linear->reset_parameters(make_generator(1));
  linear->to(type);
  linear->add_adapter("a", Scale(linear->weight, test::ScaleOptions()).ptr());
  const torch::NoGradGuard no_grad;
  linear->adapters().at("a")->as<Scale>()->l.uniform_(-2, 2, make_generator(2));
  linear->activate("a");
  return linear;
}

torch::Tensor some_input(torch::ScalarType type = torch::kFloat) {
  return torch::randn({4, 5}, make_generator(3), type);
}

}  // namespace

TEST_CASE("adapter: of another kind computes its formula on the linear, without the bias") {
  auto linear = scaled_linear(torch::kDouble);
  const auto x = some_input(torch::kDouble);
  const auto& l = linear->adapters().at("a")->as<Scale>()->l;
  const auto expected = x.mm(linear->weight.t()) * l + linear->bias;
  CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");
  linear->activate("");
  const auto base = x.mm(linear->weight.t()) + linear->bias;
  CHECK(test::difference(linear(x), base, 1e-12, 1e-12) == "");
}

TEST_CASE("adapter: gradients reach the parameters of another kind, and train them") {
  auto linear = scaled_linear(torch::kDouble);
  const auto x = some_input(torch::kDouble);
  CHECK(test::parameter_gradient_difference(*linear, [&] { return linear(x).tanh(); }) == "");

  auto& l = linear->adapters().at("a")->as<Scale>()->l;
  const auto target = torch::linspace(-1, 1, 6, torch::kDouble);
  const auto y = (x.mm(linear->weight.t()) * target + linear->bias).detach();
  const auto weight = linear->weight.detach().clone();
  linear->weight.set_requires_grad(false);
  const auto distance = (l.detach() - target).abs();
  torch::optim::SGD optimizer({l}, 0.02);
  double before = std::numeric_limits<double>::infinity();
  for (int step = 0; step < 20; ++step) {
    optimizer.zero_grad();
    const auto loss = torch::mse_loss(linear(x), y, torch::Reduction::Sum);
    CHECK(loss.item<double>() < before);
    before = loss.item<double>();
    loss.backward();
    optimizer.step();
  }
  CHECK(((l.detach() - target).abs() < distance).all().item<bool>());
  CHECK(torch::equal(linear->weight, weight));
}

TEST_CASE("adapter: of another kind is merged, and unmerged bit for bit") {
  auto linear = scaled_linear();
  const auto x = some_input();
  const torch::NoGradGuard no_grad;
  const auto weight = linear->weight.clone();
  const auto adapted = linear(x);
  linear->merge();
  CHECK(linear->is_merged());
  CHECK_FALSE(torch::equal(linear->weight, weight));
  CHECK(test::difference(linear(x), adapted, 1e-5, 1e-5) == "");
  linear->unmerge();
  CHECK(torch::equal(linear->weight, weight));
  CHECK(torch::equal(linear(x), adapted));
  linear->absorb();
  CHECK(linear->adapters().empty());
  CHECK(test::difference(linear(x), adapted, 1e-5, 1e-5) == "");
}

TEST_CASE("adapter: a clone of the linear has one of its own") {
  auto linear = scaled_linear();
  const auto x = some_input();
  const torch::NoGradGuard no_grad;
  const auto adapted = linear(x);
  const auto copy = std::dynamic_pointer_cast<LinearImpl>(linear->clone());
  CHECK(copy->named_parameters().contains("a.l"));
  CHECK(copy->active() == "a");
  CHECK(torch::equal(copy->forward(x), adapted));
  auto& l = copy->adapters().at("a")->as<Scale>()->l;
  CHECK(l.data_ptr() == copy->named_parameters()["a.l"].data_ptr());
  l.zero_();
  CHECK(torch::equal(linear(x), adapted));
  CHECK(torch::equal(copy->forward(x), linear->bias.expand({4, 6})));

  linear->merge();
  const auto merged = std::dynamic_pointer_cast<LinearImpl>(linear->clone());
  CHECK(merged->is_merged());
  CHECK(torch::equal(merged->forward(x), linear(x)));
  merged->unmerge();
  CHECK(torch::equal(merged->forward(x), adapted));
}

TEST_CASE("adapter: none is refused, and parameters are drawn anew") {
  auto linear = scaled_linear();
  CHECK_THROWS_WITH(linear->add_adapter("b", nullptr), contains("\"b\" is null"));
  CHECK_THROWS_WITH(linear->add_adapter("a", Scale(linear->weight, test::ScaleOptions()).ptr()),
                    contains("named \"a\" already"));
  linear->reset_parameters(make_generator(4));
  CHECK(torch::equal(linear->adapters().at("a")->as<Scale>()->l, torch::ones({6})));
}
