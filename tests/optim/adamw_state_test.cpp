#include <sstream>

#include <torch/serialize.h>

#include "minillama/core/error.h"
#include "minillama/optim/adamw.h"

#include "support/adamw.h"
#include "support/catch.h"

using namespace minillama;

TEST_CASE("adamw: going on from exported state equals never having stopped, bit for bit") {
  for (const auto dtype : {torch::kFloat, torch::kDouble, torch::kBFloat16}) {
    for (const auto variant : test::kAdamWVariants) {
      const AdamWOptions options{.lr = 0.01, .max_grad_norm = 1, .variant = variant};
      const auto straight = test::adamw_parameters(dtype);
      AdamW never_stopped(straight, options);
      test::run_steps(never_stopped, straight, 1, 10);

      const auto first = test::adamw_parameters(dtype);
      AdamW stopped(first, options);
      test::run_steps(stopped, first, 1, 4);
      std::vector<torch::Tensor> second;
      for (const auto& p : first) second.push_back(p.detach().clone().requires_grad_());
      AdamW resumed(second, options);
      resumed.import_state(stopped.export_state());
      test::run_steps(stopped, first, 5, 6);  // must not disturb what was imported
      test::run_steps(resumed, second, 5, 10);
      CHECK(test::equal(second, straight));
    }
  }
}

TEST_CASE("adamw: going on after torch::save and torch::load equals never having stopped") {
  const AdamWOptions options{.lr = 0.01, .variant = AdamWVariant::cmu2025};
  const auto straight = test::adamw_parameters();
  AdamW never_stopped(straight, options);
  test::run_steps(never_stopped, straight, 1, 8);

  const auto resumed = test::adamw_parameters();
  std::stringstream file;
  {
    AdamW stopped(resumed, options);
    test::run_steps(stopped, resumed, 1, 4);
    torch::save(stopped, file);
  }
  AdamW again(resumed, options);
  torch::load(again, file);
  test::run_steps(again, resumed, 5, 8);
  CHECK(test::equal(resumed, straight));
  CHECK(again.options().variant == AdamWVariant::cmu2025);
}

TEST_CASE("adamw: state that does not fit is refused and changes nothing") {
  const auto parameters = test::adamw_parameters();
  AdamW optimizer(parameters);
  test::run_steps(optimizer, parameters, 1, 2);
  const auto good = optimizer.export_state();
  REQUIRE(good.size() == 12);
  const auto refused = [&](auto change, const std::string& message) {
    auto state = good;
    change(state);
    CHECK_THROWS_WITH(optimizer.import_state(state), contains(message));
    CHECK_THROWS_AS(optimizer.import_state(state), InputError);
  };
  refused([](auto& s) { s.erase(s.begin() + 1); }, "0.exp_avg is missing");
  refused(
      [](auto& s) {
        s[2].second = torch::zeros({3, 2});
      },
      "0.exp_avg_sq is Float 3x2, must be Float 300x301");
  refused([](auto& s) { s[1].second = s[1].second.to(torch::kDouble); }, "0.exp_avg is Double");
  refused([](auto& s) { s[0].second = torch::scalar_tensor(-1, torch::kLong); }, "0.step is -1");
  refused([](auto& s) { s.emplace_back("4.step", s[0].second); }, "\"4.step\" belongs to none");
  refused([](auto& s) { s.emplace_back("0.extra", s[0].second); }, "\"0.extra\" belongs to none");
  refused([](auto& s) { s.push_back(s[0]); }, "a name is there twice");

  const auto same = optimizer.export_state();
  for (std::size_t i = 0; i < good.size(); ++i) CHECK(same[i].second.equal(good[i].second));
  optimizer.import_state({});
  CHECK(optimizer.export_state().empty());
}
