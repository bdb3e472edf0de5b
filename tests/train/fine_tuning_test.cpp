#include "minillama/train/fine_tuning.h"

#include "minillama/core/error.h"
#include "minillama/kernels/dispatch.h"

#include "support/catch.h"
#include "support/fine_tuning_run.h"
#include "support/tensors.h"

using namespace minillama;
using test::FineTuningRun;
using test::random_examples;

TEST_CASE("fine_tuning: learns, and ends with the weights of the best epoch") {
  auto options = FineTuningRun::fast_options();
  options.epochs = 8;
  FineTuningRun run(false, options);
  NamedTensors best;
  const auto keep_best = [&](const EpochMetrics&, bool is_best) {
    if (is_best) best = test::copy_of_parameters(*run.model);
  };
  CHECK(run.tuning.run({.after_epoch = keep_best}) == FineTuning::Outcome::finished);
  const auto& metrics = run.tuning.metrics();
  REQUIRE(metrics.size() == 8);
  CHECK(metrics.back().train_loss < metrics.front().train_loss - 0.1);
  const auto& winner = metrics[static_cast<std::size_t>(run.tuning.best_epoch() - 1)];
  for (const auto& epoch : metrics) CHECK(epoch.dev_accuracy <= winner.dev_accuracy);
  CHECK(test::first_difference(parameters_of(*run.model), best) == "");
}

TEST_CASE("fine_tuning: in bfloat16 it learns what it learns in float32, nearly") {
  if (!kernels::has_bfloat16_products()) return;
  for (const bool lora : {false, true}) {
    auto options = FineTuningRun::fast_options();
    FineTuningRun exact(lora, options);
    exact.tuning.run();
    options.precision = Precision::bfloat16;
    FineTuningRun mixed(lora, options);
    mixed.tuning.run();
    CHECK(precision_on(torch::kCPU) == Precision::float32);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(mixed.tuning.metrics()[i].train_loss ==
            Approx(exact.tuning.metrics()[i].train_loss).epsilon(0.02));
      CHECK(mixed.tuning.metrics()[i].train_loss != exact.tuning.metrics()[i].train_loss);
    }
  }
}

TEST_CASE("fine_tuning: records are of each step, or of stretches of a long run") {
  auto options = FineTuningRun::fast_options();
  options.warmup = 0;
  FineTuningRun run(false, options);
  std::vector<StepReport> steps;
  const auto keep = [&](const StepReport& step) { steps.push_back(step); };
  run.tuning.run({.after_step = keep});
  const auto& records = run.tuning.records();
  REQUIRE(records.size() == 21);  // three epochs of seven steps
  CHECK(run.tuning.steps() == 21);
  for (std::size_t i = 0; i < records.size(); ++i) {
    CHECK(records[i].epoch == Approx(static_cast<double>(i + 1) / 7));
    CHECK(records[i].loss == steps[i].loss);
    CHECK(records[i].learning_rate == steps[i].learning_rate);
  }
  CHECK(records.front().learning_rate == 0.01);
  CHECK(records.back().learning_rate == Approx(0.01 / 21));

  options.epochs = 60;
  FineTuningRun longer(false, options);
  steps.clear();
  longer.tuning.run({.after_step = keep});
  const auto& stretches = longer.tuning.records();
  REQUIRE(steps.size() == 420);
  REQUIRE(stretches.size() == 210);
  CHECK(stretches[7].loss == Approx((steps[14].loss + steps[15].loss) / 2));
  CHECK(stretches[7].learning_rate == steps[15].learning_rate);
  CHECK(stretches.back().epoch == 60);
}

TEST_CASE("fine_tuning: patience ends a run that gets no better") {
  auto options = FineTuningRun::fast_options();
  options.epochs = 50;
  options.patience = 2;
  options.optimizer.lr = 0;
  FineTuningRun run(false, options);
  run.tuning.run();
  CHECK(run.tuning.best_epoch() == 1);
  CHECK(run.tuning.metrics().size() == 3);
}

TEST_CASE("fine_tuning: of epochs that are as accurate the first is best, or that of least loss") {
  auto options = FineTuningRun::fast_options();
  options.epochs = 8;
  options.optimizer.lr = 1e-5;  // moves the loss, and no answer
  for (const bool by_loss : {false, true}) {
    options.ties_by_loss = by_loss;
    FineTuningRun run(false, options);
    run.tuning.run();
    const auto& metrics = run.tuning.metrics();
    const auto has_least_loss = [](const auto& a, const auto& b) {
      return a.dev_loss < b.dev_loss;
    };
    const auto least = std::ranges::min_element(metrics, has_least_loss);
    REQUIRE(least->epoch > 1);
    REQUIRE(std::ranges::all_of(
        metrics, [&](const auto& epoch) { return epoch.dev_accuracy == metrics[0].dev_accuracy; }));
    CHECK(run.tuning.best_epoch() == (by_loss ? least->epoch : 1));
  }
}

TEST_CASE("fine_tuning: a stopped run is finished with the best weights so far") {
  FineTuningRun run;
  CHECK_THROWS_AS(run.tuning.finish(), OptionError);
  FineTuningRun stopped;
  NamedTensors best;
  const auto keep_best = [&](const EpochMetrics&, bool is_best) {
    if (is_best) best = test::copy_of_parameters(*stopped.model);
  };
  std::int64_t steps = 0;
  stopped.tuning.run({.after_epoch = keep_best, .should_stop = [&] { return ++steps == 10; }});
  REQUIRE(stopped.tuning.best_epoch() == 1);
  CHECK(test::first_difference(parameters_of(*stopped.model), best) != "");
  stopped.tuning.finish();
  CHECK(test::first_difference(parameters_of(*stopped.model), best) == "");
}

TEST_CASE("fine_tuning: few examples are seen more often, many less") {
  std::int64_t epochs = 1000;
  for (const std::int64_t n : {1, 100, 300, 1000, 8544, 1'000'000}) {
    const auto options = FineTuningOptions::fitted(n, true);
    CHECK_NOTHROW(options.validate());
    CHECK(options.epochs <= epochs);
    CHECK(options.ties_by_loss);
    CHECK(options.optimizer.lr > FineTuningOptions::fitted(n, false).optimizer.lr);
    epochs = options.epochs;
  }
  CHECK(epochs == FineTuningOptions().epochs);
  CHECK_THROWS_AS(FineTuningOptions::fitted(0, true), OptionError);
}

TEST_CASE("fine_tuning: the same seed gives the same bits, another seed others") {
  FineTuningRun a;
  FineTuningRun b;
  a.tuning.run();
  b.tuning.run();
  check_same(a, b);
}

TEST_CASE("fine_tuning: options that cannot be used are refused by name") {
  auto options = FineTuningRun::fast_options();
  options.epochs = 0;
  CHECK_THROWS_WITH(FineTuningRun(false, options), contains("epochs is 0"));
  options = FineTuningRun::fast_options();
  options.warmup = 1;
  CHECK_THROWS_WITH(FineTuningRun(false, options), contains("warmup is 1"));
  const auto generator = make_generator(1);
  CHECK_THROWS_AS(FineTuning(FineTuningRun::make_model(false, {}, generator), {},
                             random_examples(3, 1), {}, generator),
                  OptionError);
}
