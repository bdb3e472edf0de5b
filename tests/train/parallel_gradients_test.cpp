#include "minillama/train/parallel_gradients.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <thread>
#include <utility>

#include "minillama/core/random.h"
#include "minillama/train/language_modelling.h"

#include "support/catch.h"
#include "support/small_model.h"
#include "support/tensors.h"
#include "support/threads.h"

using namespace minillama;

namespace {

constexpr auto kPause = std::chrono::milliseconds(20);

/// A model and parts of a batch, two rows each.
struct Setup {
  explicit Setup(std::int64_t n_parts) {
    for (std::int64_t part = 0; part < n_parts; ++part) {
      rows.push_back(torch::randint(37, {2, 9}, generator, torch::kLong));
    }
  }

  torch::Tensor loss(std::int64_t part) {
    return language_modelling_loss(model, rows[static_cast<std::size_t>(part)], 16);
  }

  NamedTensors gradients() const {
    NamedTensors all;
    for (const auto& [name, parameter] : parameters_of(*model)) {
      all.emplace_back(name, parameter.grad());
    }
    return all;
  }

  torch::Generator generator = make_generator(1);
  LanguageModel model = LanguageModel(test::small_config(), generator);
  std::vector<torch::Tensor> rows;
};

torch::Tensor parameter(std::vector<float> values) {
  return torch::tensor(values).requires_grad_();
}

}  // namespace

TEST_CASE("parallel_gradients: those of the whole batch, to the same bits with any threads") {
  for (std::int64_t n_parts = 1; n_parts <= 5; ++n_parts) {
    Setup whole(n_parts);
    const auto expected_loss = language_modelling_loss(whole.model, torch::cat(whole.rows), 16);
    expected_loss.backward();
    const auto expected = whole.gradients();

    double first_loss = 0;
    NamedTensors first;
    for (const int threads : {1, 2, 3}) {
      INFO(n_parts << " parts, " << threads << " threads");
      const test::Threads scope(threads);
      Setup setup(n_parts);
      const double loss =
          parallel_gradients(setup.model->parameters(), n_parts, [&](std::int64_t part) {
            if (part % 2 == 0) std::this_thread::sleep_for(kPause);  // so that others wait
            return setup.loss(part);
          });
      const auto found = setup.gradients();
      if (first.empty()) {
        first_loss = loss;
        first = found;
        CHECK(loss == Approx(expected_loss.item<double>()).epsilon(1e-6));
        for (std::size_t i = 0; i < found.size(); ++i) {
          INFO(found[i].first);
          CHECK(test::difference(found[i].second, expected[i].second, 1e-4, 1e-7) == "");
        }
      }
      CHECK(loss == first_loss);
      CHECK(test::first_difference(found, first) == "");
    }
  }
}

TEST_CASE("parallel_gradients: are added to what is there, and a parameter of no loss has none") {
  const auto used = parameter({2, 3});
  const auto unused = parameter({1});
  used.mutable_grad() = torch::tensor({10.F, 20.F});
  const double loss = parallel_gradients(
      {used, unused}, 3, [&](std::int64_t part) { return (used * used).sum() * (part + 1); });
  CHECK(loss == 6 * 13);
  CHECK(torch::equal(used.grad(), torch::tensor({10.F + 6 * 4, 20.F + 6 * 6})));
  CHECK_FALSE(unused.grad().defined());
}

TEST_CASE("parallel_gradients: gradients that share memory are not added twice") {
  const auto a = torch::ones({2, 2}).requires_grad_();
  const auto b = torch::ones({2, 2}).requires_grad_();
  const auto factor = torch::tensor({{1.F, 2.F}, {3.F, 4.F}});
  const auto check = [&](const torch::Tensor& expected_a, const torch::Tensor& expected_b,
                         const std::function<torch::Tensor()>& loss) {
    a.mutable_grad() = b.mutable_grad() = torch::Tensor();
    parallel_gradients({a, b}, 3, [&](std::int64_t) { return loss(); });
    CHECK(torch::equal(a.grad(), 3 * expected_a));
    CHECK(torch::equal(b.grad(), 3 * expected_b));
  };
  const auto ones = torch::ones({2, 2});
  check(ones, ones, [&] { return (a + b).sum(); });  // one number for all elements of both
  check(factor, factor, [&] { return ((a + b) * factor).sum(); });
  check(factor, factor.t(), [&] { return ((a + b.t()) * factor).sum(); });
  check(factor.t(), factor, [&] { return ((a.t() + b) * factor).sum(); });
}

TEST_CASE("parallel_gradients: no thread begins a part while its last one waits to be added") {
  const test::Threads scope(3);
  const auto weight = parameter({1});
  std::atomic<int> begun = 0;
  int begun_before_first_ended = 0;
  parallel_gradients({weight}, 32, [&](std::int64_t part) {
    ++begun;
    if (part == 0) {
      std::this_thread::sleep_for(kPause);
      begun_before_first_ended = begun;
    }
    return weight.sum();
  });
  CHECK(begun == 32);
  CHECK(begun_before_first_ended <= threads());
}

TEST_CASE("parallel_gradients: an exception in a part arrives, whoever waits for that part") {
  const auto weight = parameter({1});
  for (std::int64_t bad = 0; bad < 5; ++bad) {
    const auto loss = [&](std::int64_t part) {
      if (part == bad) {
        std::this_thread::sleep_for(kPause);
        throw std::runtime_error("no");
      }
      return weight.sum();
    };
    CHECK_THROWS_WITH(parallel_gradients({weight}, 5, loss), "no");
  }
  weight.mutable_grad() = torch::Tensor();
  CHECK(parallel_gradients({weight}, 5, [&](auto) { return weight.sum(); }) == 5);
  CHECK(weight.grad().item<float>() == 5);
}

TEST_CASE("parallel_gradients: a part whose loss is not finite makes the sum so") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double bad : {kInfinity, -kInfinity, std::nan("")}) {
    const auto weight = parameter({1});
    const double loss = parallel_gradients({weight}, 4, [&](std::int64_t part) {
      return part == 2 ? weight.sum() * bad : weight.sum();
    });
    CHECK_FALSE(std::isfinite(loss));
    CHECK_FALSE(std::isfinite(weight.grad().item<float>()));
  }
}
