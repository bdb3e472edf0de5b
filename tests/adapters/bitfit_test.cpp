#include "minillama/adapters/bitfit.h"

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/nn/linear.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// A linear [6, 5] and an active adapter, new.
Linear new_bitfit_linear(bool with_bias, torch::ScalarType type = torch::kDouble) {
  Linear linear(5, 6, with_bias);
  linear->reset_parameters(make_generator(1));
  linear->to(type);
  linear->add_adapter("a", Bitfit(linear->weight, BitfitOptions()).ptr());
  linear->activate("a");
  return linear;
}

torch::Tensor bitfit_input(torch::ScalarType type = torch::kDouble) {
  return torch::randn({4, 5}, make_generator(4), type);
}

}  // namespace

TEST_CASE("bitfit: a new adapter changes no bit") {
  for (const bool with_bias : {false, true}) {
    auto linear = new_bitfit_linear(with_bias, torch::kFloat);
    const torch::NoGradGuard no_grad;
    const auto x = bitfit_input(torch::kFloat);
    const auto adapted = linear(x);
    linear->activate("");
    CHECK(torch::equal(linear(x), adapted));
  }
}

TEST_CASE("bitfit: computes W x + b + c, merged too; with its gradients") {
  const auto x = bitfit_input();
  for (const bool with_bias : {false, true}) {
    INFO(with_bias);
    auto linear = new_bitfit_linear(with_bias);
    auto c = linear->adapters().at("a")->as<Bitfit>()->bitfit_bias;
    {
      const torch::NoGradGuard no_grad;
      c.normal_(0, 1, make_generator(3));
    }
    CHECK(test::parameter_gradient_difference(*linear, [&] { return linear(x).tanh(); }) == "");
    CHECK(test::gradient_difference([&](const auto& in) { return linear(in[0]); }, {x}) == "");

    const torch::NoGradGuard no_grad;
    const auto w = linear->weight.clone();
    const auto b = with_bias ? linear->bias.clone() : torch::zeros({6}, torch::kDouble);
    const auto expected = x.mm(w.t()) + b + c;
    CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");
    const auto adapted = linear(x);

    // Merged, a linear without a bias has one until it is unmerged.
    linear->merge();
    CHECK(torch::equal(linear->weight, w));
    CHECK(torch::equal(linear->named_parameters()["bias"], b + c));
    CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");
    const auto copy = std::dynamic_pointer_cast<LinearImpl>(linear->clone());
    CHECK(torch::equal(copy->forward(x), linear(x)));
    linear->unmerge();
    CHECK(linear->bias.defined() == with_bias);
    CHECK(linear->named_parameters().contains("bias") == with_bias);
    if (with_bias) CHECK(torch::equal(linear->bias, b));
    CHECK(torch::equal(linear(x), adapted));
    copy->unmerge();
    CHECK(copy->bias.defined() == with_bias);
    CHECK(torch::equal(copy->forward(x), adapted));
    linear->merge();
    linear->merge();
    linear->unmerge();
    CHECK(torch::equal(linear(x), adapted));

    linear->absorb();
    CHECK(linear->adapters().empty());
    CHECK(torch::equal(linear->named_parameters()["bias"], b + c));
    CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");
  }
}

TEST_CASE("bitfit: drawn anew it is zero again, and options that cannot be used are refused") {
  auto linear = new_bitfit_linear(false);
  auto& c = linear->adapters().at("a")->as<Bitfit>()->bitfit_bias;
  {
    const torch::NoGradGuard no_grad;
    c.fill_(2);
  }
  linear->merge();
  linear->reset_parameters(make_generator(5));
  CHECK_FALSE(linear->bias.defined());
  CHECK(torch::equal(c, torch::zeros({6}, torch::kDouble)));
  CHECK_THROWS_WITH((BitfitOptions{.targets = {}}.validate()), contains("bitfit: targets"));
  CHECK_THROWS_AS(Bitfit(torch::zeros({3}), BitfitOptions()), OptionError);
}
