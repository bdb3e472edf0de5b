#include "minillama/train/objective.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <torch/optim/sgd.h>

#include "minillama/core/error.h"
#include "minillama/train/fine_tuning.h"
#include "minillama/train/training_step.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// Label smoothing (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, section 7): a share of
/// each label goes to all alike.
struct LabelSmoothing : Objective {
  explicit LabelSmoothing(double of_all) : share(of_all) {}
  std::string name() const override { return fmt::format("label smoothing {}", share); }
  torch::Tensor loss(const ObjectiveBatch& batch) override {
    const auto logits = batch.model->classify(batch.pooled);
    const auto uniform = -logits.log_softmax(-1).mean(-1).sum() / batch.divisor;
    const auto given = classification_loss(logits, batch.labels, batch.divisor);
    return (1 - share) * given + share * uniform;
  }
  double share;
};

/// Cross-entropy by a pass of its own.
struct OwnPass : Objective {
  std::string name() const override { return "own pass"; }
  torch::Tensor loss(const ObjectiveBatch& batch) override {
    return classification_loss(batch.model(batch.input), batch.labels, batch.divisor);
  }
};

const Examples kExamples{.ids = {{1, 2, 3}, {4}, {5, 6}, {2, 2, 9, 1}}, .labels = {0, 1, 1, 0}};

Classifier small_classifier() {
  return Classifier(Llama(test::small_config(), make_generator(1)),
                    ClassifierConfig{.label_names = {"a", "b"}, .dropout = 0}, make_generator(2));
}

/// The loss of a step on all examples and the gradients that it leaves.
std::pair<double, NamedTensors> step(const std::shared_ptr<Objective>& objective) {
  auto model = small_classifier();
  model->train();
  torch::optim::SGD optimizer(model->parameters(), /*lr=*/0.1);
  const double loss = training_step(model, optimizer, kExamples,
                                    std::vector<std::size_t>{0, 1, 2, 3}, 4, objective);
  NamedTensors gradients;
  for (const auto& [name, parameter] : parameters_of(*model)) {
    gradients.emplace_back(name, parameter.grad().clone());
  }
  return {loss, gradients};
}

void check_same(const NamedTensors& found, const NamedTensors& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(found[i].first);
    CHECK(test::difference(found[i].second, expected[i].second, 1e-4, 1e-6) == "");
  }
}

}  // namespace

TEST_CASE("objective: label smoothing of ten lines is trained as its formula says") {
  const double share = 0.3;
  const auto [loss, gradients] = step(std::make_shared<LabelSmoothing>(share));

  auto model = small_classifier();
  const auto input = classifier_input(kExamples.ids, model->config().pooling, 0);
  const auto p = model(input).softmax(-1);
  auto targets = torch::full({4, 2}, share / 2);
  for (std::int64_t i = 0; i < 4; ++i) {
    targets[i][kExamples.labels[static_cast<std::size_t>(i)]] += 1 - share;
  }
  const auto expected = -(targets * p.log()).sum() / 4;
  expected.backward();
  CHECK(loss == Approx(expected.item<double>()).epsilon(1e-5));
  NamedTensors expected_gradients;
  for (const auto& [name, parameter] : parameters_of(*model)) {
    expected_gradients.emplace_back(name, parameter.grad());
  }
  check_same(gradients, expected_gradients);
}

TEST_CASE("objective: one that passes through the model itself trains all of it, too") {
  const auto [loss, gradients] = step(std::make_shared<OwnPass>());
  const auto [expected_loss, expected_gradients] = step(cross_entropy());
  CHECK(loss == Approx(expected_loss).epsilon(1e-5));
  check_same(gradients, expected_gradients);
}

TEST_CASE("objective: a run trains under it, and is not resumed under another") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  const auto run = [&](const std::shared_ptr<Objective>& objective, bool resume) {
    auto generator = make_generator(3);
    FineTuning tuning(small_classifier(), kExamples, kExamples, {.epochs = 1}, generator,
                      objective);
    tuning.keep_state(state, resume);
    tuning.run();
    return tuning.metrics().back().train_loss;
  };
  const double smoothed = run(std::make_shared<LabelSmoothing>(0.3), false);
  CHECK_THROWS_WITH(run(cross_entropy(), true),
                    contains("another objective: \"label smoothing 0.3\", now \"cross entropy\""));
  CHECK_THROWS_WITH(run(std::make_shared<LabelSmoothing>(0.4), true), contains("objective"));
  CHECK_THROWS_AS(run(nullptr, true), OptionError);
  std::filesystem::remove(state);
  CHECK(run(cross_entropy(), false) != smoothed);
}
