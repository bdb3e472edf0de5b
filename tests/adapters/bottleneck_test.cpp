#include "minillama/adapters/bottleneck.h"

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/nn/linear.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// A linear [6, 5] and an active adapter, new.
Linear new_bottleneck_linear(bool with_bias, torch::ScalarType type = torch::kDouble) {
  Linear linear(5, 6, with_bias);
  linear->reset_parameters(make_generator(1));
  linear->to(type);
  const BottleneckOptions options{.width = 3};
  linear->add_adapter("a", Bottleneck(linear->weight, options, make_generator(2)).ptr());
  linear->activate("a");
  return linear;
}

torch::Tensor bottleneck_input(torch::ScalarType type = torch::kDouble) {
  return torch::randn({4, 5}, make_generator(4), type);
}

BottleneckImpl& bottleneck_of(Linear& linear) {
  return *linear->adapters().at("a")->as<Bottleneck>();
}

/// Of all parameters, so that all matter.
void fill(BottleneckImpl& adapter) {
  const torch::NoGradGuard no_grad;
  auto generator = make_generator(3);
  for (auto& parameter : adapter.parameters()) parameter.normal_(0, 1, generator);
}

}  // namespace

TEST_CASE("bottleneck: a new adapter changes no bit, and drawn anew it is new") {
  auto linear = new_bottleneck_linear(true, torch::kFloat);
  const auto x = bottleneck_input(torch::kFloat);
  const torch::NoGradGuard no_grad;
  const auto check_new = [&] {
    const auto adapted = linear(x);
    linear->activate("");
    CHECK(torch::equal(linear(x), adapted));
    linear->activate("a");
    CHECK(bottleneck_of(linear).bottleneck_down.count_nonzero().item<int>() > 0);
  };
  check_new();
  fill(bottleneck_of(linear));
  linear->reset_parameters(make_generator(5));
  check_new();
}

TEST_CASE("bottleneck: computes h + U relu(D h + d) + u of the output, with its gradients") {
  const auto x = bottleneck_input();
  for (const bool with_bias : {false, true}) {
    auto linear = new_bottleneck_linear(with_bias);
    auto& adapter = bottleneck_of(linear);
    fill(adapter);
    CHECK(test::parameter_gradient_difference(*linear, [&] { return linear(x).tanh(); }) == "");
    CHECK(test::gradient_difference([&](const auto& in) { return linear(in[0]); }, {x}) == "");

    const torch::NoGradGuard no_grad;
    auto h = x.mm(linear->weight.t());
    if (with_bias) h = h + linear->bias;
    const auto& [down, down_bias, up, up_bias] =
        std::tie(adapter.bottleneck_down, adapter.bottleneck_down_bias, adapter.bottleneck_up,
                 adapter.bottleneck_up_bias);
    const auto narrow = h.mm(down.t()) + down_bias;
    CHECK((narrow < 0).any().item<bool>());  // what relu is for
    const auto expected = h + torch::clamp_min(narrow, 0).mm(up.t()) + up_bias;
    CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");
    const auto copy = std::dynamic_pointer_cast<LinearImpl>(linear->clone());
    CHECK(torch::equal(copy->forward(x), linear(x)));
    up.zero_();
    CHECK_FALSE(torch::equal(copy->forward(x), linear(x)));
  }
}

TEST_CASE("bottleneck: is refused where it would be merged, and nothing is changed") {
  auto linear = new_bottleneck_linear(true);
  fill(bottleneck_of(linear));
  const auto x = bottleneck_input();
  const torch::NoGradGuard no_grad;
  const auto adapted = linear(x);
  CHECK_THROWS_WITH(linear->merge(), contains("cannot become part of the weights"));
  CHECK_THROWS_AS(linear->absorb(), OptionError);
  CHECK_FALSE(linear->is_merged());
  CHECK(linear->active() == "a");
  CHECK(torch::equal(linear(x), adapted));
}

TEST_CASE("bottleneck: options that cannot be used are refused by name") {
  const auto refused = [](const BottleneckOptions& options, const std::string& message) {
    CHECK_THROWS_WITH(options.validate(), contains(message));
  };
  refused({.width = 0}, "width is 0");
  refused({.width = 65537}, "width is 65537");
  refused({.targets = {}}, "names no linear");
  refused({.targets = {"w2", "w1"}}, "target \"w1\" ends no sublayer");
  refused({.targets = {"compute_query"}}, "target \"compute_query\"");
  CHECK_NOTHROW(
      (BottleneckOptions{.width = 1, .targets = {"layers.0.feed_forward.w2"}}.validate()));
  CHECK_THROWS_AS(Bottleneck(torch::zeros({3}), BottleneckOptions(), make_generator(1)),
                  OptionError);
  CHECK_FALSE(AdapterOptions(BottleneckOptions()).is_affine());
}
