#include "minillama/optim/adamw.h"

#include <cmath>
#include <sstream>

#include "minillama/core/error.h"
#include "minillama/core/random.h"

#include "support/catch.h"

using namespace minillama;

namespace {

using Tensors = std::vector<torch::Tensor>;
constexpr AdamWVariant kVariants[] = {AdamWVariant::decoupled, AdamWVariant::cmu2025};

Tensors make_parameters(torch::ScalarType dtype = torch::kFloat) {
  auto generator = make_generator(1);
  Tensors parameters;
  const std::vector<std::vector<std::int64_t>> shapes{{300, 301}, {17}, {0}, {1, 2, 3}};
  for (const auto& shape : shapes) {
    parameters.push_back(torch::randn(shape, generator, torch::kDouble).to(dtype));
    parameters.back().requires_grad_();
  }
  return parameters;
}

void set_gradients(const Tensors& parameters, std::uint64_t step) {
  auto generator = make_generator(1000 + step);
  for (const auto& p : parameters) {
    p.mutable_grad() = torch::randn(p.sizes(), generator, torch::kDouble).to(p.scalar_type());
  }
}

void run(AdamW& optimizer, const Tensors& parameters, int first_step, int last_step) {
  for (int step = first_step; step <= last_step; ++step) {
    set_gradients(parameters, step);
    optimizer.step();
  }
}

bool equal(const Tensors& a, const Tensors& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.equal(y); });
}

void check_close(const Tensors& actual, const Tensors& expected, double tolerance) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    INFO("tensor " << i);
    CHECK(torch::allclose(actual[i].to(torch::kDouble), expected[i].to(torch::kDouble), tolerance,
                          tolerance));
  }
}

/// The same values with the memory of the transpose, which the kernel does not take.
Tensors transposed_in_memory(const Tensors& tensors) {
  Tensors out;
  for (const auto& t : tensors) {
    const auto value = t.dim() < 2 ? torch::stack({t, t}, -1).detach().select(-1, 0)
                                   : t.detach().transpose(0, -1).contiguous().transpose(0, -1);
    out.push_back(value.requires_grad_());
  }
  return out;
}

class Threads {
 public:
  explicit Threads(int threads) { torch::set_num_threads(threads); }
  ~Threads() { torch::set_num_threads(saved_); }

 private:
  int saved_ = torch::get_num_threads();
};

}  // namespace

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
  const auto ours = make_parameters();
  const auto theirs = make_parameters();
  AdamW a(ours, {.lr = 0.01, .weight_decay = 0.1});
  torch::optim::AdamW b(theirs, torch::optim::AdamWOptions(0.01).weight_decay(0.1));
  for (int step = 1; step <= 100; ++step) {
    set_gradients(ours, step);
    set_gradients(theirs, step);
    a.step();
    b.step();
  }
  check_close(ours, theirs, 1e-5);
}

TEST_CASE("adamw: the fused and the plain path agree elementwise") {
  for (const auto dtype : {torch::kFloat, torch::kDouble}) {
    for (const auto variant : kVariants) {
      const AdamWOptions options{
          .lr = 0.01, .weight_decay = 0.1, .max_grad_norm = 1, .variant = variant};
      const auto fused = make_parameters(dtype);
      const auto plain = transposed_in_memory(fused);
      REQUIRE_FALSE((plain[0].is_contiguous() || plain[1].is_contiguous()));
      AdamW fused_optimizer(fused, options);
      AdamW plain_optimizer(plain, options);
      run(fused_optimizer, fused, 1, 20);
      run(plain_optimizer, plain, 1, 20);
      check_close(fused, plain, dtype == torch::kFloat ? 1e-6 : 1e-14);
      const auto fused_state = fused_optimizer.export_state();
      const auto plain_state = plain_optimizer.export_state();
      REQUIRE(fused_state.size() == plain_state.size());
      for (std::size_t i = 0; i < fused_state.size(); ++i) {
        CHECK(fused_state[i].first == plain_state[i].first);
        CHECK(torch::allclose(fused_state[i].second, plain_state[i].second, 1e-5, 1e-9));
      }
    }
  }
}

TEST_CASE("adamw: half types keep float32 moments and follow float32 to their precision") {
  for (const auto dtype : {torch::kBFloat16, torch::kHalf}) {
    const auto half = make_parameters(dtype);
    auto single = make_parameters(dtype);
    for (auto& p : single) p = p.detach().to(torch::kFloat).requires_grad_();
    AdamW half_optimizer(half, {.lr = 0.1});
    AdamW single_optimizer(single, {.lr = 0.1});
    run(half_optimizer, half, 1, 5);
    run(single_optimizer, single, 1, 5);
    check_close(half, single, dtype == torch::kHalf ? 5e-3 : 4e-2);
    CHECK(half_optimizer.export_state()[1].second.scalar_type() == torch::kFloat);
    CHECK(half[0].scalar_type() == dtype);
  }
}

TEST_CASE("adamw: the bits do not depend on the number of threads or the run") {
  const auto result = [](int threads) {
    const Threads scope(threads);
    auto parameters = make_parameters();
    AdamW optimizer(parameters, {.lr = 0.01, .max_grad_norm = 0.5});
    run(optimizer, parameters, 1, 5);
    return parameters;
  };
  const auto once = result(2);
  CHECK(equal(once, result(2)));
  CHECK(equal(once, result(1)));
  CHECK(equal(once, result(3)));
}

TEST_CASE("adamw: clipping scales by the norm of all gradients and leaves them as they are") {
  const auto clipped = make_parameters(torch::kDouble);
  const auto by_hand = make_parameters(torch::kDouble);
  AdamW a(clipped, {.eps = 0.1, .max_grad_norm = 2});
  AdamW b(by_hand, {.eps = 0.1});
  for (int step = 1; step <= 5; ++step) {
    set_gradients(clipped, step);
    set_gradients(by_hand, step);
    const auto gradient = clipped[0].grad().clone();
    a.step();
    CHECK(clipped[0].grad().equal(gradient));
    const double norm = torch::nn::utils::clip_grad_norm_(by_hand, 2.0);
    b.step();
    CHECK(a.last_grad_norm().value() == Approx(norm).epsilon(1e-9));
    CHECK_FALSE(b.last_grad_norm().has_value());
  }
  check_close(clipped, by_hand, 1e-9);
}

TEST_CASE("adamw: an infinite max_grad_norm measures the norm and changes nothing") {
  const auto measured = make_parameters();
  const auto plain = make_parameters();
  AdamW a(measured, {.max_grad_norm = INFINITY});
  AdamW b(plain);
  run(a, measured, 1, 2);
  run(b, plain, 1, 2);
  CHECK(equal(measured, plain));
  CHECK(a.last_grad_norm().value() > 0);
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

TEST_CASE("adamw: going on from exported state equals never having stopped, bit for bit") {
  for (const auto dtype : {torch::kFloat, torch::kDouble, torch::kBFloat16}) {
    for (const auto variant : kVariants) {
      const AdamWOptions options{.lr = 0.01, .max_grad_norm = 1, .variant = variant};
      const auto straight = make_parameters(dtype);
      AdamW never_stopped(straight, options);
      run(never_stopped, straight, 1, 10);

      const auto first = make_parameters(dtype);
      AdamW stopped(first, options);
      run(stopped, first, 1, 4);
      Tensors second;
      for (const auto& p : first) second.push_back(p.detach().clone().requires_grad_());
      AdamW resumed(second, options);
      resumed.import_state(stopped.export_state());
      run(stopped, first, 5, 6);  // must not disturb what was imported
      run(resumed, second, 5, 10);
      CHECK(equal(second, straight));
    }
  }
}

TEST_CASE("adamw: going on after torch::save and torch::load equals never having stopped") {
  const AdamWOptions options{.lr = 0.01, .variant = AdamWVariant::cmu2025};
  const auto straight = make_parameters();
  AdamW never_stopped(straight, options);
  run(never_stopped, straight, 1, 8);

  const auto resumed = make_parameters();
  std::stringstream file;
  {
    AdamW stopped(resumed, options);
    run(stopped, resumed, 1, 4);
    torch::save(stopped, file);
  }
  AdamW again(resumed, options);
  torch::load(again, file);
  run(again, resumed, 5, 8);
  CHECK(equal(resumed, straight));
  CHECK(again.options().variant == AdamWVariant::cmu2025);
}

TEST_CASE("adamw: state that does not fit is refused and changes nothing") {
  const auto parameters = make_parameters();
  AdamW optimizer(parameters);
  run(optimizer, parameters, 1, 2);
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
