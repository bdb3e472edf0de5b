#include "minillama/adapters/lora.h"

#include <cmath>

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/nn/linear.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

void add(Linear& linear, const std::string& name, const LoraOptions& options,
         const torch::Generator& generator) {
  linear->add_adapter(name, Lora(linear->weight, options, generator).ptr());
}

LoraImpl& lora_of(Linear& linear, const std::string& name) {
  return *linear->adapters().at(name)->as<Lora>();
}

/// A linear [6, 5] with an adapter whose B is not 0.
Linear adapted_linear(const LoraOptions& options, torch::ScalarType type = torch::kFloat) {
  auto generator = make_generator(4);
  Linear linear(5, 6);
  const torch::NoGradGuard no_grad;
  linear->weight.normal_(0, 1, generator);
  linear->to(type);
  add(linear, "a", options, generator);
  lora_of(linear, "a").lora_A.normal_(0, 1, generator);
  lora_of(linear, "a").lora_B.normal_(0, 1, generator);
  return linear;
}

}  // namespace

TEST_CASE("lora: adds (alpha / r) B A x") {
  auto linear = adapted_linear({.rank = 2, .alpha = 3}, torch::kDouble);
  auto generator = make_generator(5);
  const auto x = torch::randn({4, 5}, generator, torch::kDouble);
  const auto& lora = lora_of(linear, "a");
  const auto delta = lora.lora_B.mm(lora.lora_A) * 1.5;
  CHECK(test::difference(lora.delta_weight(), delta, 1e-12, 1e-12) == "");

  CHECK(torch::equal(linear(x), x.mm(linear->weight.t())));  // not active yet
  linear->activate("a");
  const auto expected = x.mm((linear->weight + delta).t());
  CHECK(test::difference(linear(x), expected, 1e-12, 1e-12) == "");

  const torch::NoGradGuard no_grad;  // one row takes the other path
  CHECK(test::difference(linear(x[2].view({1, 1, 5})).view(-1), expected[2], 1e-12, 1e-12) == "");
}

TEST_CASE("lora: a new adapter changes no bit, and draws A ~ normal(0, 0.02)") {
  auto generator = make_generator(6);
  Linear linear(300, 200);
  const torch::NoGradGuard no_grad;
  linear->weight.normal_(0, 1, generator);
  const auto x = torch::randn({7, 300}, generator);
  const auto before = linear(x);
  add(linear, "a", {.rank = 100}, generator);
  linear->activate("a");
  CHECK(torch::equal(linear(x), before));
  const auto& a = lora_of(linear, "a").lora_A;
  CHECK(a.mean().item<double>() == Approx(0).margin(0.0005));
  CHECK(a.std().item<double>() == Approx(0.02).epsilon(0.02));
}

TEST_CASE("lora: the weight keeps its name, adapters stand under theirs") {
  auto linear = adapted_linear({.rank = 2});
  auto generator = make_generator(7);
  add(linear, "other", {.rank = 1}, generator);
  std::vector<std::string> names;
  for (const auto& item : linear->named_parameters()) names.push_back(item.key());
  CHECK(names ==
        std::vector<std::string>{"weight", "a.lora_A", "a.lora_B", "other.lora_A", "other.lora_B"});
  CHECK(lora_of(linear, "other").lora_B.sizes() == torch::IntArrayRef({6, 1}));

  CHECK_THROWS_WITH(add(linear, "a", {}, generator), contains("named \"a\" already"));
  CHECK_THROWS_AS(add(linear, "", {}, generator), OptionError);
  CHECK_THROWS_AS(add(linear, "a.b", {}, generator), OptionError);
}

TEST_CASE("lora: one adapter is active, or none") {
  auto linear = adapted_linear({.rank = 2});
  auto generator = make_generator(8);
  add(linear, "other", {.rank = 1}, generator);
  const torch::NoGradGuard no_grad;
  lora_of(linear, "other").lora_B.fill_(1);
  const auto x = torch::randn({3, 5}, generator);
  const auto base = linear(x);
  linear->activate("a");
  const auto with_a = linear(x);
  linear->activate("other");
  const auto with_other = linear(x);
  CHECK_FALSE(torch::equal(with_a, base));
  CHECK_FALSE(torch::equal(with_other, with_a));
  linear->activate("a");
  CHECK(torch::equal(linear(x), with_a));
  linear->activate("");
  CHECK(torch::equal(linear(x), base));
  linear->activate("a");
  linear->activate("elsewhere");  // no adapter of that name here
  CHECK(torch::equal(linear(x), base));
}

TEST_CASE("lora: merged equals unmerged, and unmerging gives back the very bits") {
  for (const auto type : {torch::kFloat, torch::kDouble}) {
    auto linear = adapted_linear({.rank = 3, .alpha = 0.7}, type);
    auto generator = make_generator(9);
    const auto x = torch::randn({50, 5}, generator, type);
    const torch::NoGradGuard no_grad;
    const auto weight = linear->weight.clone();
    linear->merge();  // nothing is active
    CHECK(torch::equal(linear->weight, weight));

    linear->activate("a");
    const auto unmerged = linear(x);
    linear->merge();
    linear->merge();  // a second time changes nothing
    CHECK(linear->is_merged());
    CHECK_FALSE(torch::equal(linear->weight, weight));
    const double tolerance = type == torch::kDouble ? 1e-12 : 1e-5;
    CHECK(test::difference(linear(x), unmerged, tolerance, tolerance) == "");
    linear->unmerge();
    linear->unmerge();
    CHECK(torch::equal(linear->weight, weight));
    CHECK(torch::equal(linear(x), unmerged));

    linear->merge();
    linear->activate("");  // unmerges
    CHECK(torch::equal(linear->weight, weight));
  }
}

TEST_CASE("lora: dropout reaches the adapter only, and only in training") {
  auto linear = adapted_linear({.rank = 2, .dropout = 0.5});
  linear->activate("a");
  const torch::NoGradGuard no_grad;
  const auto x = torch::ones({2000, 5});
  linear->eval();
  const auto without = linear(x);
  CHECK(torch::equal(linear(x), without));
  linear->train();
  const auto dropped = linear(x);
  CHECK_FALSE(torch::equal(dropped, without));
  CHECK(test::difference(dropped.mean(0), without[0], 0.1, 0.3) == "");
}

TEST_CASE("lora: gradients agree with finite differences") {
  auto linear = adapted_linear({.rank = 2, .alpha = 3}, torch::kDouble);
  linear->activate("a");
  auto generator = make_generator(10);
  const auto x = torch::randn({4, 5}, generator, torch::kDouble);
  CHECK(test::parameter_gradient_difference(*linear, [&] { return linear(x).tanh(); }) == "");
  CHECK(test::gradient_difference([&](const auto& in) { return linear(in[0]); }, {x}) == "");
}

TEST_CASE("lora: rank and scale are those of the linear") {
  Linear linear(5, 6);
  linear->reset_parameters(make_generator(1));
  const LoraOptions options{.rank = 2,
                            .alpha = 6,
                            .rank_stabilized = true,
                            .ranks = {{"layers.1.feed_forward.w1", 4}},
                            .alphas = {{"w1", 3}}};
  Lora lora(linear->weight, options, make_generator(2), "layers.1.feed_forward.w1");
  CHECK(lora->lora_A.sizes() == torch::IntArrayRef({4, 5}));
  CHECK(lora->lora_B.sizes() == torch::IntArrayRef({6, 4}));
  const torch::NoGradGuard no_grad;
  lora->lora_B.normal_(0, 1, make_generator(3));
  const auto expected = lora->lora_B.mm(lora->lora_A) * (3 / std::sqrt(4.0));
  CHECK(test::difference(lora->delta_weight(), expected, 1e-6, 1e-6) == "");
  CHECK((lora->options() == options));
}

TEST_CASE("lora: pissa begins with the principal part, changes no bit and trains by its formula") {
  const LoraOptions options{.rank = 2, .alpha = 3, .init = LoraInit::pissa};
  Linear linear(5, 6);
  linear->reset_parameters(make_generator(1));
  linear->to(torch::kDouble);
  const auto x = torch::randn({4, 5}, make_generator(5), torch::kDouble);
  const auto base = linear(x).detach();
  const auto weight = linear->weight.detach().clone();
  add(linear, "a", options, make_generator(2));
  linear->activate("a");
  auto& lora = lora_of(linear, "a");
  CHECK(torch::equal(linear(x), base));
  CHECK(lora.parameters().size() == 2);

  // No matrix of that rank is nearer: what is left are the smaller singular values.
  const auto principal = (lora.lora_B.mm(lora.lora_A) * 1.5).detach();
  const auto [u, s, vt] = torch::linalg_svd(weight, false);
  const auto left = (weight - principal).norm().item<double>();
  CHECK(left == Approx(s.slice(0, 2).norm().item<double>()).epsilon(1e-10));

  const torch::NoGradGuard no_grad;
  lora.lora_A.add_(torch::randn({2, 5}, make_generator(6), torch::kDouble));
  lora.lora_B.add_(torch::randn({6, 2}, make_generator(7), torch::kDouble));
  const auto adapted_weight = weight - principal + 1.5 * lora.lora_B.mm(lora.lora_A);
  CHECK(test::difference(linear(x), x.mm(adapted_weight.t()), 1e-10, 1e-10) == "");
  CHECK(torch::equal(linear->weight, weight));
  {
    const torch::AutoGradMode with_grad(true);
    CHECK(test::parameter_gradient_difference(*linear, [&] { return linear(x).tanh(); }) == "");
  }
  const auto [stored, tensors] = lora.stored();
  CHECK((stored == LoraOptions{.rank = 4, .alpha = 6}));
  const auto delta = tensors[1].second.mm(tensors[0].second) * 1.5;
  CHECK(test::difference(weight + delta, adapted_weight, 1e-10, 1e-10) == "");
  const auto copy = std::dynamic_pointer_cast<LinearImpl>(linear->clone());
  CHECK(torch::equal(copy->forward(x), linear(x)));
  linear->merge();
  CHECK(test::difference(linear->weight, adapted_weight, 1e-10, 1e-10) == "");

  const auto refused = [&](const LoraOptions& other) {
    return [=] { Lora(weight, other, make_generator(1)); };
  };
  CHECK_THROWS_WITH(refused({.rank = 6, .init = LoraInit::pissa})(), contains("rank is 6"));
  CHECK_THROWS_WITH(refused({.rank = 2, .alpha = 0, .init = LoraInit::pissa})(), contains("scale"));
}

TEST_CASE("lora: options that cannot be used are refused by name") {
  CHECK_THROWS_WITH((LoraOptions{.rank = 0}.validate()), contains("rank is 0"));
  CHECK_THROWS_WITH((LoraOptions{.alpha = NAN}.validate()), contains("alpha is nan"));
  CHECK_THROWS_WITH((LoraOptions{.dropout = 1}.validate()), contains("dropout is 1"));
  CHECK_THROWS_WITH((LoraOptions{.targets = {}}.validate()), contains("targets"));
}
