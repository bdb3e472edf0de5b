#include "minillama/optim/adamw.h"

#include <cmath>

#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>
#include <torch/optim/schedulers/step_lr.h>

#include "minillama/core/error.h"

#include "support/adamw.h"
#include "support/catch.h"

using namespace minillama;

TEST_CASE("adamw: drops in wherever a torch::optim::Optimizer is expected") {
  torch::manual_seed(5);
  torch::nn::Linear model(4, 2);
  const auto x = torch::randn({8, 4});
  AdamW adamw(model->parameters(), {.lr = 1e-2});
  torch::optim::Optimizer& optimizer = adamw;
  const auto loss = [&] {
    optimizer.zero_grad();
    auto value = (model(x) - 1).square().mean();
    value.backward();
    return value;
  };
  const double before = loss().item<double>();
  CHECK_FALSE(optimizer.step().defined());
  for (int i = 0; i < 100; ++i) CHECK(optimizer.step(loss).defined());
  CHECK(optimizer.step(loss).item<double>() < 0.5 * before);
  CHECK(optimizer.state().size() == 2);

  torch::optim::StepLR scheduler(optimizer, /*step_size=*/1, /*gamma=*/0.1);
  for (int i = 0; i < 2; ++i) scheduler.step();  // LibTorch's first one changes nothing
  CHECK(adamw.options().lr == Approx(1e-3));
}

TEST_CASE("adamw: the decoupled variant in float32 follows torch::optim::AdamW") {
  const auto ours = test::adamw_parameters();
  const auto theirs = test::adamw_parameters();
  AdamW a(ours, {.lr = 0.01, .weight_decay = 0.1});
  torch::optim::AdamW b(theirs, torch::optim::AdamWOptions(0.01).weight_decay(0.1));
  for (int step = 1; step <= 100; ++step) {
    test::set_gradients(ours, step);
    test::set_gradients(theirs, step);
    a.step();
    b.step();
  }
  test::check_close(ours, theirs, 1e-5);
}

TEST_CASE("adamw: each group has its own rate, decay and clipping") {
  const auto w = torch::ones({2}, torch::requires_grad());
  const auto b = torch::ones({3}, torch::requires_grad());
  AdamW optimizer({{{w}, {.lr = 0.1, .weight_decay = 0.5}}, {{b}, {.lr = 0.2, .weight_decay = 0}}});
  w.mutable_grad() = torch::full({2}, 3.0);
  b.mutable_grad() = torch::full({3}, -3.0);
  optimizer.step();  // the first step of Adam is lr * sign(g)
  CHECK(torch::allclose(w, torch::full({2}, 0.95 - 0.1)));
  CHECK(torch::allclose(b, torch::full({3}, 1.0 + 0.2)));

  optimizer.set_lr(0);
  CHECK(optimizer.options(0).lr == 0);
  optimizer.set_lr(1, 0.3);
  CHECK(optimizer.options(0).lr == 0);
  CHECK(optimizer.options(1).lr == 0.3);
  const auto before = w.detach().clone();
  optimizer.step();
  CHECK(w.equal(before));
}

TEST_CASE("adamw: parameters without a gradient are skipped and their steps not counted") {
  const auto used = torch::ones({2}, torch::requires_grad());
  const auto unused = torch::ones({2}, torch::requires_grad());
  AdamW optimizer({used, unused}, {.weight_decay = 0.5});
  used.mutable_grad() = torch::ones({2});
  optimizer.step();
  CHECK(unused.equal(torch::ones({2})));
  CHECK_FALSE(used.equal(torch::ones({2})));
  CHECK(optimizer.export_state().size() == 3);
  unused.mutable_grad() = torch::ones({2});
  optimizer.step();
  const auto state = optimizer.export_state();
  REQUIRE(state.size() == 6);
  CHECK(state[0].second.item<std::int64_t>() == 2);
  CHECK(state[3].first == "1.step");
  CHECK(state[3].second.item<std::int64_t>() == 1);
}

TEST_CASE("adamw: a tensor named twice is stepped once, one in two groups is an error") {
  const auto w = torch::ones({2}, torch::requires_grad());
  AdamW optimizer({w, w}, {.lr = 0.1, .weight_decay = 0});
  w.mutable_grad() = torch::ones({2});
  optimizer.step();
  CHECK(torch::allclose(w, torch::full({2}, 0.9)));
  CHECK_THROWS_WITH(AdamW({{{w}, {}}, {{w}, {}}}), "adamw: groups 0 and 1 share a parameter");
}

TEST_CASE("adamw: autograd notices that a parameter changed") {
  const auto w = torch::ones({2}, torch::requires_grad());
  AdamW optimizer({w});
  const auto loss = (w * w).sum();
  w.mutable_grad() = torch::ones({2});
  optimizer.step();
  CHECK_THROWS_WITH(loss.backward(), contains("modified by an inplace operation"));
}

TEST_CASE("adamw: NaN and infinite gradients propagate") {
  for (const double bad : {double{NAN}, double{INFINITY}}) {
    for (const double max_norm : {0.0, 1.0}) {
      const auto w = torch::ones({40}, torch::requires_grad());
      AdamW optimizer({w}, {.max_grad_norm = max_norm});
      w.mutable_grad() = torch::ones({40});
      w.mutable_grad()[3] = bad;
      optimizer.step();
      CHECK(torch::isnan(w[3]).item<bool>());
      CHECK(torch::isnan(w[4]).item<bool>() == (max_norm > 0 && std::isnan(bad)));
      if (max_norm > 0) CHECK_FALSE(std::isfinite(optimizer.last_grad_norm().value()));
    }
  }
}

TEST_CASE("adamw: options are validated by name and value") {
  const auto w = torch::ones({2}, torch::requires_grad());
  const auto message = [&](const AdamWOptions& options) -> std::string {
    try {
      AdamW({w}, options);
    } catch (const OptionError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message({}).empty());
  CHECK(message({.lr = -1}) == "adamw: lr is -1, must be finite and not negative");
  CHECK(message({.lr = NAN}) == "adamw: lr is nan, must be finite and not negative");
  CHECK(message({.beta1 = 1}) == "adamw: beta1 is 1, must lie in [0, 1)");
  CHECK(message({.beta2 = -0.5}) == "adamw: beta2 is -0.5, must lie in [0, 1)");
  CHECK(message({.eps = -1e-8}) == "adamw: eps is -1e-08, must be finite and not negative");
  CHECK(message({.weight_decay = INFINITY}) ==
        "adamw: weight_decay is inf, must be finite and not negative");
  CHECK(message({.max_grad_norm = -2}) == "adamw: max_grad_norm is -2, must not be negative");
  CHECK_THROWS_AS(AdamW({{{w}, {.max_grad_norm = 1}}}, 1.0), OptionError);

  AdamW optimizer({w});
  CHECK_THROWS_AS(optimizer.set_lr(-0.1), OptionError);
  CHECK(optimizer.options().lr == 1e-3);
  optimizer.param_groups()[0].options().set_lr(NAN);  // as a scheduler of LibTorch could
  CHECK_THROWS_AS(optimizer.step(), OptionError);
}

TEST_CASE("adamw: eps defaults by variant") {
  CHECK(AdamWOptions{}.resolved_eps() == 1e-8);
  CHECK(AdamWOptions{.variant = AdamWVariant::cmu2025}.resolved_eps() == 1e-6);
  CHECK(AdamWOptions{.eps = 0.5}.resolved_eps() == 0.5);
}
