// Fine-tuning that is finished and goes on for more epochs.

#include <vector>

#include "minillama/core/error.h"
#include "minillama/train/epoch_batches.h"
#include "minillama/train/fine_tuning.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/fine_tuning_run.h"

using namespace minillama;
using test::FineTuningRun;
using test::random_examples;

TEST_CASE("fine_tuning: a finished run is prolonged as if another began with its best weights") {
  for (const double average_decay : {0.0, 0.9}) {
    const test::TemporaryDirectory directory;
    const auto path = directory.path() / "state.safetensors";
    auto options = FineTuningRun::fast_options();
    options.average_decay = average_decay;
    FineTuningRun first(true, options);
    first.tuning.keep_state(path, false);
    first.tuning.run();
    options.epochs = 5;
    FineTuningRun prolonged(true, options);
    const auto copy = directory.path() / "copy.safetensors";
    std::filesystem::copy(path, copy);
    prolonged.tuning.keep_state(path, true);
    prolonged.tuning.run();
    REQUIRE(prolonged.tuning.metrics().size() == 5);

    // That other run. What it draws is not what the first three epochs drew.
    options.epochs = 2;
    FineTuningRun second(true, options);
    restore(parameters_of(*second.model), parameters_of(*first.model), "");
    FineTuning again(second.model, random_examples(50, 1), random_examples(30, 2), options,
                     second.generator);
    const auto lengths = lengths_of(random_examples(50, 1).ids);
    for (int epoch = 0; epoch < 3; ++epoch) {
      epoch_batches(lengths, options.batches, second.generator);
    }
    again.run();
    const auto all = test::figures(prolonged.tuning);
    CHECK((std::vector(all.begin(), all.begin() + 3) == test::figures(first.tuning)));
    CHECK((std::vector(all.begin() + 3, all.end()) == test::figures(again)));

    // Stopped after any step, and after none, it ends with the same bits.
    options.epochs = 5;
    for (std::int64_t stop_after = 1; stop_after <= 14; stop_after += 4) {
      INFO("stopped after step " << stop_after);
      std::filesystem::copy(copy, path, std::filesystem::copy_options::overwrite_existing);
      FineTuningRun stopped(true, options);
      stopped.tuning.keep_state(path, true);
      std::int64_t steps = 0;
      stopped.tuning.run({.should_stop = [&] { return ++steps == stop_after; }});
      FineTuningRun resumed(true, options);
      resumed.tuning.keep_state(path, true);
      resumed.tuning.run();
      test::check_same(prolonged, resumed);
    }
  }
}

TEST_CASE("fine_tuning: a run that ran out of patience is prolonged, and one is shortened never") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "state.safetensors";
  auto options = FineTuningRun::fast_options();
  options.epochs = 50;
  options.patience = 2;
  options.optimizer.lr = 0;
  FineTuningRun run(false, options);
  run.tuning.keep_state(path, false);
  run.tuning.run();
  REQUIRE(run.tuning.metrics().size() == 3);
  options.epochs = 3;
  CHECK_THROWS_WITH(FineTuningRun(false, options).tuning.keep_state(path, true),
                    contains("another epochs: 50, now 3"));
  options.epochs = 60;
  FineTuningRun prolonged(false, options);
  prolonged.tuning.keep_state(path, true);
  prolonged.tuning.run();
  CHECK(prolonged.tuning.metrics().size() == 5);
  CHECK(prolonged.tuning.best_epoch() == 1);
}
