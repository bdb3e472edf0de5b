#include "minillama/adapters/ia3.h"

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/nn/linear.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

Ia3Impl& ia3_of(Linear& linear) {
  return *linear->adapters().at("a")->as<Ia3>();
}

/// A linear [6, 5] with a bias and an active adapter, new; of the input if it is named w2.
Linear new_linear(std::string_view name, torch::ScalarType type = torch::kDouble) {
  Linear linear(5, 6, /*with_bias=*/true);
  linear->reset_parameters(make_generator(1));
  linear->to(type);
  linear->add_adapter("a", Ia3(linear->weight, Ia3Options(), torch::Generator(), name).ptr());
  linear->activate("a");
  return linear;
}

torch::Tensor four_rows(torch::ScalarType type = torch::kDouble) {
  return torch::randn({4, 5}, make_generator(4), type);
}

}  // namespace

TEST_CASE("ia3: a new adapter changes no bit") {
  for (const auto* name : {"w1", "layers.0.feed_forward.w2"}) {
    auto linear = new_linear(name, torch::kFloat);
    const torch::NoGradGuard no_grad;
    const auto x = four_rows(torch::kFloat);
    const auto adapted = linear(x);
    linear->activate("");
    CHECK(torch::equal(linear(x), adapted));
  }
}

TEST_CASE("ia3: computes l (W x + b), or W (l x) + b, merged too; with its gradients") {
  const auto x = four_rows();
  for (const bool of_input : {false, true}) {
    auto linear = new_linear(of_input ? "w2" : "compute_key");
    auto& l = ia3_of(linear).ia3_l;
    CHECK(l.size(0) == (of_input ? 5 : 6));
    {
      const torch::NoGradGuard no_grad;
      l.normal_(0, 1, make_generator(3));
    }
    CHECK(test::parameter_gradient_difference(*linear, [&] { return linear(x).tanh(); }) == "");
    CHECK(test::gradient_difference([&](const auto& in) { return linear(in[0]); }, {x}) == "");

    const torch::NoGradGuard no_grad;
    const auto& [w, b] = std::pair(linear->weight.clone(), linear->bias.clone());
    const auto expected = of_input ? (x * l).mm(w.t()) + b : (x.mm(w.t()) + b) * l;
    CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");
    const auto adapted = linear(x);
    linear->merge();
    CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");
    CHECK(torch::equal(linear->bias, b) == of_input);
    const auto copy = std::dynamic_pointer_cast<LinearImpl>(linear->clone());
    linear->unmerge();
    CHECK(torch::equal(linear->weight, w));
    CHECK(torch::equal(linear->bias, b));
    CHECK(torch::equal(linear(x), adapted));
    copy->unmerge();
    CHECK(torch::equal(copy->forward(x), adapted));
    linear->absorb();
    CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");
  }
}

TEST_CASE("ia3: options that cannot be used are refused by name") {
  CHECK_THROWS_WITH((Ia3Options{.targets = {}}.validate()), contains("ia3: targets"));
  CHECK_THROWS_AS(Ia3(torch::zeros({3}), Ia3Options()), OptionError);
}
