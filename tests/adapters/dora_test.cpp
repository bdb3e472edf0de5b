#include "minillama/adapters/dora.h"

#include <torch/csrc/autograd/autograd.h>

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/model/tensors.h"
#include "minillama/nn/linear.h"
#include "minillama/ops/frozen_matrix.h"
#include "minillama/weights/weight_format.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

DoraImpl& dora_of(Linear& linear) {
  return *linear->adapters().at("a")->as<Dora>();
}

/// A linear [6, 5] with a bias and an active adapter, new.
Linear new_linear(const DoraOptions& options, torch::ScalarType type = torch::kDouble) {
  Linear linear(5, 6, /*with_bias=*/true);
  linear->reset_parameters(make_generator(1));
  linear->to(type);
  linear->add_adapter("a", Dora(linear->weight, options, make_generator(2)).ptr());
  linear->activate("a");
  return linear;
}

/// The same with parameters that all matter.
Linear trained_linear(const DoraOptions& options, torch::ScalarType type = torch::kDouble) {
  auto linear = new_linear(options, type);
  const torch::NoGradGuard no_grad;
  auto generator = make_generator(3);
  for (auto& parameter : dora_of(linear).parameters()) parameter.normal_(0, 1, generator);
  return linear;
}

torch::Tensor some_input(torch::ScalarType type = torch::kDouble) {
  return torch::randn({4, 5}, make_generator(4), type);
}

}  // namespace

TEST_CASE("dora: a new adapter changes no bit, and m is the norms of the rows") {
  for (const auto type : {torch::kFloat, torch::kDouble}) {
    auto linear = new_linear({{.rank = 2}}, type);
    const torch::NoGradGuard no_grad;
    const auto x = some_input(type);
    const auto adapted = linear(x);
    const auto norms = linear->weight.square().sum(1).sqrt();
    CHECK(test::difference(dora_of(linear).lora_magnitude_vector, norms, 1e-6, 1e-6) == "");
    linear->activate("");
    CHECK(torch::equal(linear(x), adapted));
  }
}

TEST_CASE("dora: computes m (W + s B A) / ||W + s B A||, merged too") {
  auto linear = trained_linear({{.rank = 2, .alpha = 3}});
  const torch::NoGradGuard no_grad;
  const auto x = some_input();
  const auto& dora = dora_of(linear);
  const auto v = linear->weight + 1.5 * dora.lora_B.mm(dora.lora_A);
  const auto w = (dora.lora_magnitude_vector / v.square().sum(1).sqrt()).unsqueeze(1) * v;
  const auto expected = x.mm(w.t()) + linear->bias;
  CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");

  const auto before = linear->weight.clone();
  const auto adapted = linear(x);
  linear->merge();
  CHECK(test::difference(linear->weight, w, 1e-12, 1e-12) == "");
  CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");
  linear->unmerge();
  CHECK(torch::equal(linear->weight, before));
  CHECK(torch::equal(linear(x), adapted));
}

TEST_CASE("dora: gradients are those of the formula with the norms constant") {
  auto linear = trained_linear({{.rank = 2, .alpha = 3}});
  auto& dora = dora_of(linear);
  const auto x = some_input();
  const auto direction = [&] { return linear->weight + 1.5 * dora.lora_B.mm(dora.lora_A); };
  const auto norms = direction().square().sum(1).sqrt().detach();
  const auto reference = [&] {
    const auto y = x.mm(direction().t()) * (dora.lora_magnitude_vector / norms) + linear->bias;
    return y.tanh();
  };
  // The reference's are those of finite differences, and ours are the reference's.
  CHECK(test::parameter_gradient_difference(dora, reference) == "");
  std::vector<torch::Tensor> parameters = dora.parameters();
  parameters.push_back(linear->weight);
  const auto expected = torch::autograd::grad({reference().sum()}, parameters);
  const auto actual = torch::autograd::grad({linear(x).tanh().sum()}, parameters);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    CHECK(test::difference(actual[i], expected[i], 1e-10, 1e-12) == "");
  }
  CHECK(test::gradient_difference([&](const auto& in) { return linear(in[0]); }, {x}) == "");
}

TEST_CASE("dora: a row of zeros stays one") {
  auto linear = new_linear({{.rank = 2}}, torch::kFloat);
  const torch::NoGradGuard no_grad;
  linear->weight[3].zero_();
  dora_of(linear).reset_parameters(linear->weight, make_generator(5));
  const auto y = linear(some_input(torch::kFloat));
  CHECK(y.isfinite().all().item<bool>());
  CHECK(torch::equal(y.select(1, 3), linear->bias[3].expand({4})));
  linear->merge();
  CHECK(linear->weight.isfinite().all().item<bool>());
}

TEST_CASE("dora: beside a frozen weight it computes what it does beside its numbers") {
  Linear dense(32, 6);
  dense->reset_parameters(make_generator(1));
  const auto record = to_record("w", dense->weight);
  const auto q8 = converted(frozen_matrix(record, {}), weight_format("q8_0"));
  Linear frozen(32, 6);
  frozen->freeze(q8);
  const torch::NoGradGuard no_grad;
  dense->weight.copy_(to_floats(q8));
  const auto x = torch::randn({4, 32}, make_generator(4));
  for (auto* linear : {&dense, &frozen}) {
    auto& one = *linear;
    one->add_adapter("a", Dora(one->dense_weight(), DoraOptions(), make_generator(2)).ptr());
    one->activate("a");
    dora_of(one).lora_B.normal_(0, 1, make_generator(3));
    one->eval();
  }
  CHECK(torch::equal(frozen(x), dense(x)));
  CHECK_THROWS_WITH(frozen->merge(), contains("frozen"));
}

TEST_CASE("dora: dropout reaches the low-rank term only; a clone has its own parameters") {
  auto linear = trained_linear({{.rank = 2, .dropout = 0.5}});
  const torch::NoGradGuard no_grad;
  const auto x = torch::ones({3000, 5}, torch::kDouble);
  linear->eval();
  const auto without = linear(x);
  const auto copy = std::dynamic_pointer_cast<LinearImpl>(linear->clone());
  CHECK(torch::equal(copy->forward(x), without));
  linear->train();
  const auto dropped = linear(x);
  CHECK_FALSE(torch::equal(dropped, without));
  CHECK(test::difference(dropped.mean(0), without[0], 0.1, 0.3) == "");
  copy->adapters().at("a")->as<Dora>()->lora_magnitude_vector.zero_();
  linear->eval();
  CHECK(torch::equal(linear(x), without));
}

TEST_CASE("dora: options that cannot be used are refused by name") {
  CHECK_THROWS_WITH((DoraOptions{{.rank = 0}}.validate()), contains("rank is 0"));
  CHECK_THROWS_WITH((DoraOptions{{.init = LoraInit::pissa}}.validate()),
                    contains("dora: init is pissa"));
}
