// Numbers that are not finite are neither answers nor figures.

#include "minillama/train/not_finite.h"

#include <limits>

#include "minillama/core/error.h"
#include "minillama/eval/sentence_classifier.h"
#include "minillama/model/adapters.h"
#include "minillama/train/fine_tuning.h"
#include "minillama/train/pretraining_record.h"

#include "support/catch.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Classifier make_model(const torch::Generator& generator) {
  Llama llama(test::small_config(), generator);
  return Classifier(llama, ClassifierConfig{.label_names = {"odd", "even"}}, generator);
}

Examples examples() {
  return {.ids = {{1, 2, 3}, {4, 5}, {6}, {7, 8, 9, 10}}, .labels = {0, 1, 0, 1}};
}

}  // namespace

TEST_CASE("not finite: a dev loss is no epoch's figure, and no epoch is best by it") {
  const auto generator = make_generator(1);
  auto model = make_model(generator);
  FineTuning tuning(model, examples(), examples(), {.epochs = 2}, generator);
  bool reported = false;
  const auto poison = [&] {
    const torch::NoGradGuard no_grad;
    model->classifier_head->bias[0] = std::numeric_limits<float>::quiet_NaN();
  };
  CHECK_THROWS_WITH(
      tuning.run({.before_evaluation = poison,
                  .after_epoch = [&](const EpochMetrics&, bool) { reported = true; }}),
      contains("the dev loss became nan"));
  CHECK_FALSE(reported);
  CHECK(tuning.best_epoch() == 0);
  CHECK(tuning.metrics().empty());
}

TEST_CASE("not finite: scores make no prediction") {
  CHECK(to_prediction({-2, -1, -3}).label == 1);
  for (const double bad : {kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(to_prediction({bad, -1}), InputError);
    CHECK_THROWS_AS(to_prediction({-1, bad}), InputError);
  }
}

TEST_CASE("not finite: a run in which nothing is trained is refused") {
  const auto generator = make_generator(1);
  auto model = make_model(generator);
  for (auto& parameter : model->parameters()) parameter.set_requires_grad(false);
  CHECK_THROWS_AS(FineTuning(model, examples(), examples(), {}, generator), OptionError);
}

TEST_CASE("not finite: a figure of a step is told with its name, its value and the step") {
  const auto check = [](double value) { require_finite("the loss", value, 3); };
  CHECK_NOTHROW(check(-1e300));
  CHECK_THROWS_WITH(check(-kInfinity), "the loss became -inf in step 3");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(check(nan), "the loss became nan in step 3");
  CHECK_THROWS_WITH(check(-nan), "the loss became nan in step 3");
}

TEST_CASE("not finite: a record that was written can be read") {
  const PretrainingRecord record{
      .step = 3,
      .train_loss = 800,
      .tokens_per_second = kInfinity,
      .valid = LanguageModelFigures{.loss = 800, .perplexity = kInfinity, .bits_per_byte = 300}};
  const auto line = to_json_line(record);
  CHECK(line.find("null") == std::string::npos);
  CHECK((pretraining_record_from_json(line, "log") == record));
}
