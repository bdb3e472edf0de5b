#include "minillama/train/mixout.h"

#include <cmath>
#include <stdexcept>
#include <utility>

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/train/training_step.h"

#include "support/catch.h"
#include "support/fine_tuning_run.h"
#include "support/tensors.h"

using namespace minillama;
using test::random_examples;

namespace {

/// A classifier whose weights are not those that its Mixout keeps.
struct Trained {
  explicit Trained(double p)
      : model(test::FineTuningRun::make_model(
            false,
            {.model = test::small_config(),
             .classifier = {.label_names = {"odd", "even"}, .dropout = 0}},
            make_generator(1))),
        before(test::copy_of_parameters(*model)),
        mixout(model, p) {
    const torch::NoGradGuard no_grad;
    auto generator = make_generator(2);
    for (auto& parameter : model->parameters()) {
      parameter.add_(torch::randn(parameter.sizes(), generator, torch::kFloat), 0.05);
    }
    after = test::copy_of_parameters(*model);
  }

  Classifier model;
  NamedTensors before;
  NamedTensors after;
  Mixout mixout;
};

bool is_mixed(const std::string& name, const torch::Tensor& weight) {
  return name.starts_with("llama.layers.") && weight.dim() == 2;
}

}  // namespace

TEST_CASE("mixout: an element is the one before, or scaled so that the mean stays") {
  const double p = 0.3;
  Trained trained(p);
  const double result = trained.mixout.mixed(make_generator(3), [&] {
    const auto now = parameters_of(*trained.model);
    double n = 0, n_before = 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      const auto& [name, weight] = now[i];
      INFO(name);
      const auto& u = trained.before[i].second;
      const auto& w = trained.after[i].second;
      if (!is_mixed(name, weight)) {
        CHECK(torch::equal(weight, w));
        continue;
      }
      const auto other = (w - p * u) / (1 - p);
      const auto taken = weight == u;
      CHECK(test::difference(weight, torch::where(taken, u, other), 1e-5, 1e-6) == "");
      n += static_cast<double>(weight.numel());
      n_before += taken.sum().item<double>();
    }
    // Five standard deviations of the binomial distribution.
    CHECK(std::abs(n_before - p * n) < 5 * std::sqrt(n * p * (1 - p)));
    return 7.0;
  });
  CHECK(result == 7);
  CHECK(test::first_difference(parameters_of(*trained.model), trained.after) == "");
}

TEST_CASE("mixout: at 0 nothing is mixed, at 1 the model is the one before and learns nothing") {
  const auto examples = random_examples(8, 1);
  const std::vector<std::size_t> batch{0, 1, 2, 3, 4, 5, 6, 7};
  for (const double p : {0.0, 1.0}) {
    Trained trained(p);
    const auto gradient = [&] { return training_gradient(trained.model, examples, batch, 8); };
    const double mixed = trained.mixout.mixed(make_generator(3), [&] {
      const auto now = parameters_of(*trained.model);
      for (std::size_t i = 0; i < now.size(); ++i) {
        const auto& [name, weight] = now[i];
        const bool is_before = p == 1 && is_mixed(name, weight);
        CHECK(torch::equal(weight, (is_before ? trained.before : trained.after)[i].second));
      }
      return gradient();
    });
    for (const auto& [name, weight] : parameters_of(*trained.model)) {
      const bool is_zero = weight.grad().count_nonzero().item<std::int64_t>() == 0;
      CHECK(is_zero == (p == 1 && is_mixed(name, weight)));
    }
    if (p == 0) CHECK(mixed == gradient());
  }
}

TEST_CASE("mixout: gradients are those of the loss under the same mask, by finite differences") {
  Trained trained(0.4);
  const auto examples = random_examples(6, 1);
  const std::vector<std::size_t> batch{0, 1, 2, 3, 4, 5};
  const auto loss = [&] {
    return trained.mixout.mixed(
        make_generator(3), [&] { return training_gradient(trained.model, examples, batch, 6); });
  };
  loss();
  auto weight = trained.model->llama->named_parameters()["layers.0.feed_forward.w1.weight"];
  const auto gradient = weight.grad().clone();
  CHECK((gradient == 0).sum().item<double>() > 0);  // where the weight before was taken
  const torch::NoGradGuard no_grad;
  for (std::int64_t column = 0; column < weight.size(1); ++column) {
    const auto own = weight[0][column].clone();
    constexpr double kStep = 1e-2;
    const auto at = [&](double step) {
      weight[0][column].copy_(own + step);
      const torch::AutoGradMode with_gradients(true);
      return loss();
    };
    const double difference = (at(kStep) - at(-kStep)) / (2 * kStep);
    weight[0][column].copy_(own);
    CHECK(gradient[0][column].item<double>() == Approx(difference).epsilon(0.02).margin(1e-4));
  }
}

TEST_CASE("mixout: what throws within leaves the weights, and what cannot be used is refused") {
  Trained trained(0.5);
  CHECK_THROWS_AS(
      trained.mixout.mixed(make_generator(3), []() -> double { throw std::runtime_error("no"); }),
      std::runtime_error);
  CHECK(test::first_difference(parameters_of(*trained.model), trained.after) == "");
  for (const double p : {-0.1, 1.1, std::nan("")}) {
    CHECK_THROWS_WITH(Mixout(trained.model, p), contains("mixout is"));
  }
  for (auto& parameter : trained.model->llama->parameters()) parameter.requires_grad_(false);
  CHECK_THROWS_WITH(Mixout(trained.model, 0.5), contains("no linear layer's matrix is trained"));
  CHECK_THROWS_AS(Mixout(Classifier{nullptr}, 0.5), OptionError);
}
