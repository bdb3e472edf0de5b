#include "minillama/train/r_drop.h"

#include <cmath>

#include "minillama/core/error.h"
#include "minillama/train/objectives.h"
#include "minillama/train/training_step.h"

#include "support/catch.h"
#include "support/fine_tuning_run.h"

using namespace minillama;

namespace {

/// Keeps what another objective is asked, in float64, and asks it.
struct Spy : Objective {
  explicit Spy(std::shared_ptr<Objective> spied) : objective(std::move(spied)) {}
  std::string name() const override { return objective->name(); }
  std::int64_t n_passes() const override { return objective->n_passes(); }
  torch::Tensor loss(const ObjectiveBatch& batch) override {
    pooled = batch.pooled.detach().clone();
    labels = batch.labels;
    weights = batch.weights;
    return objective->loss(batch);
  }
  std::shared_ptr<Objective> objective;
  torch::Tensor pooled, labels, weights;
};

double cross_entropy_of(const torch::Tensor& p, const Spy& spy) {
  double sum = 0;
  for (std::int64_t i = 0; i < p.size(0); ++i) {
    const auto label = spy.labels[i].item<std::int64_t>();
    sum -= spy.weights[i].item<double>() * std::log(p[i][label].item<double>());
  }
  return sum;
}

double divergence(const torch::Tensor& p, const torch::Tensor& q, const Spy& spy) {
  double sum = 0;
  for (std::int64_t i = 0; i < p.size(0); ++i) {
    for (std::int64_t l = 0; l < p.size(1); ++l) {
      const double a = p[i][l].item<double>();
      const double b = q[i][l].item<double>();
      sum += spy.weights[i].item<double>() * a * std::log(a / b);
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("r-drop: two passes with other masks, whose loss is the paper's") {
  test::FineTuningSettings settings;
  settings.classifier.dropout = 0;  // so that the head is the same function in both passes
  const auto generator = make_generator(5);
  auto model = test::FineTuningRun::make_model(true, settings, generator);
  model->train();
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model->parameters()) parameter.mul_(5);
  }
  const auto head = model->classifier_head->weight.detach().to(torch::kDouble).clone();
  const auto bias = model->classifier_head->bias.detach().to(torch::kDouble).clone();
  AdamW optimizer(model->parameters());
  auto examples = test::random_examples(4, 3);
  examples.weights = {1, 0.5, 2, 1};
  const auto spy = std::make_shared<Spy>(r_drop(3));
  const std::vector<std::size_t> all{0, 1, 2, 3};
  const double loss = training_step(model, optimizer, examples, all, 4, spy);

  REQUIRE(spy->pooled.size(0) == 8);
  const auto logits = torch::matmul(spy->pooled.to(torch::kDouble), head.t()) + bias;
  const auto p = logits.narrow(0, 0, 4).softmax(-1);
  const auto q = logits.narrow(0, 4, 4).softmax(-1);
  CHECK(!p.equal(q));
  const double expected = cross_entropy_of(p, *spy) + cross_entropy_of(q, *spy) +
                          3 * (divergence(p, q, *spy) + divergence(q, p, *spy)) / 2;
  CHECK(loss == Approx(expected / 4).epsilon(1e-5));
}

TEST_CASE("r-drop: without dropout it is twice the cross-entropy, whatever alpha is") {
  test::FineTuningSettings settings;
  settings.classifier.dropout = settings.lora.dropout = settings.model.dropout = 0;
  const auto step = [&](const std::shared_ptr<Objective>& objective) {
    auto model = test::FineTuningRun::make_model(false, settings, make_generator(5));
    model->train();
    AdamW optimizer(model->parameters());
    const std::vector<std::size_t> all{0, 1, 2};
    return training_step(model, optimizer, test::random_examples(3, 3), all, 3, objective);
  };
  CHECK(step(r_drop(7)) == Approx(2 * step(cross_entropy())).epsilon(1e-6));
}

TEST_CASE("objectives: are found by their names") {
  for (const auto& name : objective_names()) CHECK(make_objective({.name = name}) != nullptr);
  CHECK(make_objective({})->name() == cross_entropy()->name());
  CHECK(make_objective({.name = "r-drop", .r_drop_alpha = 2})->name() ==
        "R-Drop 2 of cross entropy");
  CHECK_THROWS_WITH(make_objective({.name = "hinge"}), contains("no objective \"hinge\""));
  CHECK_THROWS_WITH(r_drop(-1), contains("alpha is -1"));
  CHECK_THROWS_AS(r_drop(std::nan("")), OptionError);
}
