#include "minillama/train/training_step.h"

#include "minillama/core/error.h"
#include "minillama/model/adapters.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/tensors.h"
#include "minillama/train/epoch_batches.h"
#include "minillama/train/fine_tuning_options.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/reference_examples.h"
#include "support/tensors.h"
#include "support/threads.h"

using namespace minillama;

namespace {

constexpr double kLearningRate = 5e-3;  // as in tests/reference/training.py

/// The examples of the reference run.
Examples examples_of(const test::Fixture& fixture) {
  auto examples = test::reference_examples(fixture);
  examples.pad_id = 3;
  return examples;
}

Classifier reference_classifier(const test::Fixture& fixture, bool lora) {
  const auto generator = make_generator(1);
  auto base = read_language_model(test::repository_file("tests/reference/tiny_layernorm.pt"),
                                  {.attention = AttentionKind::full});
  auto& llama = base->llama;
  if (lora) add_adapter(llama, "tiny", {.rank = 2, .alpha = 3}, generator);
  Classifier model(llama,
                   ClassifierConfig{.label_names = {"a", "b", "c", "d", "e"},
                                    .pooling = PoolingKind::padded_last,
                                    .dropout = 0},
                   generator);
  if (lora) train_only_adapter(llama, "tiny");
  const torch::NoGradGuard no_grad;
  for (auto& item : model->named_parameters()) {
    const auto initial = fixture.find(item.key());
    if (initial != fixture.end()) item.value().copy_(initial->second);
  }
  return model;
}

/// ||a - b|| / ||b||; 0 if both are 0.
double relative_distance(const torch::Tensor& a, const torch::Tensor& b) {
  const auto distance = (a - b).norm().item<double>();
  return distance == 0 ? 0 : distance / b.norm().item<double>();
}

}  // namespace

TEST_CASE("training_step: ten steps give the losses and gradients of PyTorch, full and LoRA") {
  const auto fixture = test::load_fixture(test::repository_file("tests/reference/training.pt"));
  const auto examples = examples_of(fixture);
  for (const std::string method : {"finetune", "lora"}) {
    INFO(method);
    auto model = reference_classifier(fixture, method == "lora");
    model->train();
    std::vector<torch::Tensor> trainable;
    for (const auto& parameter : model->parameters()) {
      if (parameter.requires_grad()) trainable.push_back(parameter);
    }
    auto options = FineTuningOptions::cmu2025();
    options.optimizer.lr = kLearningRate;
    options.batches = {.size = 4, .by_length = false, .shuffle = false};
    AdamW optimizer(trainable, options.optimizer);
    const auto losses = fixture.at(method + ".losses");

    std::int64_t step = 0;
    for (const auto& batch :
         epoch_batches(lengths_of(examples.ids), options.batches, make_generator(0))) {
      const double loss = training_step(model, optimizer, examples, batch, options.batches.size);
      CHECK(std::abs(loss - losses[step].item<double>()) <= 1e-5);
      if (++step > 1) continue;
      std::size_t compared = 0;
      for (const auto& item : model->named_parameters()) {
        if (!item.value().requires_grad()) continue;
        INFO(item.key());
        const auto expected = fixture.at(method + ".grad." + item.key());
        CHECK(relative_distance(item.value().grad(), expected) <= 1e-5);
        ++compared;
      }
      CHECK(compared == trainable.size());
    }
    CHECK(step == losses.size(0));
  }
}

TEST_CASE("training_step: LoRA changes its own parameters and the head, and no bit of the rest") {
  const auto fixture = test::load_fixture(test::repository_file("tests/reference/training.pt"));
  const auto examples = examples_of(fixture);
  auto model = reference_classifier(fixture, true);
  std::vector<torch::Tensor> before;
  for (const auto& parameter : model->parameters()) before.push_back(parameter.detach().clone());
  AdamW optimizer(model->parameters(), {.lr = kLearningRate});
  const std::vector<std::size_t> batch{0, 1, 2, 3};
  for (int step = 0; step < 2; ++step) training_step(model, optimizer, examples, batch, 4);
  std::size_t i = 0;
  for (const auto& item : model->named_parameters()) {
    INFO(item.key());
    const bool trained =
        is_adapter_parameter(item.key()) || item.key().find("classifier_head") == 0;
    CHECK(torch::equal(item.value(), before[i++]) != trained);
  }
}

TEST_CASE("training_step: parts draw their own dropout, the same each time") {
  const auto fixture = test::load_fixture(test::repository_file("tests/reference/training.pt"));
  const auto examples = examples_of(fixture);
  const std::vector<std::size_t> batch{0, 1, 2, 3};
  const auto trained = [&](double dropout) {
    const test::Threads scope(2);
    auto model = reference_classifier(fixture, false);
    add_adapter(model->llama, "drops", {.rank = 2, .dropout = dropout}, make_generator(5));
    train_only_adapter(model->llama, "drops");
    model->train();
    std::vector<torch::Tensor> parameters;
    for (const auto& item : adapter_parameters(model->llama, "drops")) {
      parameters.push_back(item.second);
    }
    AdamW optimizer(parameters, {.lr = 0.1});
    for (int step = 0; step < 3; ++step) training_step(model, optimizer, examples, batch, 4);
    return parameters.front().detach();
  };
  const auto once = trained(0.5);
  for (int again = 0; again < 3; ++again) CHECK(torch::equal(trained(0.5), once));
  CHECK_FALSE(torch::equal(trained(0), once));
}

TEST_CASE("training_step: the loss is the mean, or the sum over the usual batch size") {
  auto generator = make_generator(1);
  const auto logits = torch::randn({3, 4}, generator, torch::kDouble);
  const auto labels = torch::tensor({2, 0, 3}, torch::kLong);
  double sum = 0;
  for (std::int64_t i = 0; i < 3; ++i) {
    sum -= std::log(torch::softmax(logits[i], 0)[labels[i]].item<double>());
  }
  CHECK(classification_loss(logits, labels, 3).item<double>() == Approx(sum / 3));
  CHECK(classification_loss(logits, labels, 8).item<double>() == Approx(sum / 8));
  CHECK(test::gradient_difference(
            [&](const auto& in) { return classification_loss(in[0], labels, 8); }, {logits}) == "");
}

TEST_CASE("training_step: a loss that is not finite stops before anything is changed") {
  const auto fixture = test::load_fixture(test::repository_file("tests/reference/training.pt"));
  const auto examples = examples_of(fixture);
  auto model = reference_classifier(fixture, false);
  AdamW optimizer(model->parameters());
  {
    const torch::NoGradGuard no_grad;
    model->llama->norm->bias.fill_(NAN);
  }
  const auto head = model->classifier_head->weight.detach().clone();
  const std::vector<std::size_t> batch{0, 1};
  CHECK_THROWS_AS(training_step(model, optimizer, examples, batch, 2), DivergedError);
  CHECK(torch::equal(model->classifier_head->weight, head));
}
