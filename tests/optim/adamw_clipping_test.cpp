#include <cmath>

#include <torch/nn/utils/clip_grad.h>

#include "minillama/optim/adamw.h"

#include "support/adamw.h"
#include "support/catch.h"

using namespace minillama;

TEST_CASE("adamw: clipping scales by the norm of all gradients and leaves them as they are") {
  const auto clipped = test::adamw_parameters(torch::kDouble);
  const auto by_hand = test::adamw_parameters(torch::kDouble);
  AdamW a(clipped, {.eps = 0.1, .max_grad_norm = 2});
  AdamW b(by_hand, {.eps = 0.1});
  for (int step = 1; step <= 5; ++step) {
    test::set_gradients(clipped, step);
    test::set_gradients(by_hand, step);
    const auto gradient = clipped[0].grad().clone();
    a.step();
    CHECK(clipped[0].grad().equal(gradient));
    const double norm = torch::nn::utils::clip_grad_norm_(by_hand, 2.0);
    b.step();
    CHECK(a.last_grad_norm().value() == Approx(norm).epsilon(1e-9));
    CHECK_FALSE(b.last_grad_norm().has_value());
  }
  test::check_close(clipped, by_hand, 1e-9);
}

TEST_CASE("adamw: an infinite max_grad_norm measures the norm and changes nothing") {
  const auto measured = test::adamw_parameters();
  const auto plain = test::adamw_parameters();
  AdamW a(measured, {.max_grad_norm = INFINITY});
  AdamW b(plain);
  test::run_steps(a, measured, 1, 2);
  test::run_steps(b, plain, 1, 2);
  CHECK(test::equal(measured, plain));
  CHECK(a.last_grad_norm().value() > 0);
}

TEST_CASE("adamw: clips by one norm over all groups, or by each group's own") {
  const auto first_moments = [](double over_all, double own) {
    const auto w = torch::zeros({1}, torch::requires_grad());
    const auto b = torch::zeros({1}, torch::requires_grad());
    AdamW optimizer(
        {{{w}, {.beta1 = 0, .max_grad_norm = own}}, {{b}, {.beta1 = 0, .max_grad_norm = own}}},
        over_all);
    w.mutable_grad() = torch::full({1}, 3.0);
    b.mutable_grad() = torch::full({1}, 4.0);
    optimizer.step();
    CHECK(optimizer.last_grad_norm().value() == 5);
    const auto state = optimizer.export_state();
    return std::pair{state.at(1).second.item<double>(), state.at(4).second.item<double>()};
  };
  const auto [w_all, b_all] = first_moments(1, 0);
  CHECK(w_all == Approx(0.6));
  CHECK(b_all == Approx(0.8));
  const auto [w_own, b_own] = first_moments(0, 1);
  CHECK(w_own == Approx(1));
  CHECK(b_own == Approx(1));
}
