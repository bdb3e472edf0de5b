// Pretraining that is stopped or killed and resumed.

#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/train/pretraining.h"

#include "support/catch.h"
#include "support/pretraining_run.h"

using namespace minillama;
using test::fast_options;
using test::PretrainingRun;
using test::rms_config;
using test::walk;

TEST_CASE("pretraining: stopped after any step and resumed it ends with the same bits") {
  for (const double dropout : {0.0, 0.1}) {
    PretrainingRun uninterrupted(fast_options(), dropout);
    uninterrupted.training->run();
    for (std::int64_t stop_after = 1; stop_after < 12; ++stop_after) {
      INFO("dropout " << dropout << ", stopped after step " << stop_after);
      const test::TemporaryDirectory directory;
      const auto state = directory.path() / "state.safetensors";
      {
        PretrainingRun stopped(fast_options(), dropout);
        stopped.training->keep_state(state, false);
        const auto outcome = stopped.training->run(
            {.should_stop = [&] { return stopped.training->steps() == stop_after; }});
        CHECK(outcome == Pretraining::Outcome::stopped);
      }
      PretrainingRun resumed(fast_options(), dropout);
      resumed.training->keep_state(state, true);
      CHECK(resumed.training->steps() == stop_after);
      CHECK(resumed.training->run() == Pretraining::Outcome::finished);
      check_same(resumed, uninterrupted);
    }
  }
}

TEST_CASE("pretraining: killed anywhere it goes on from the last save") {
  PretrainingRun uninterrupted;
  uninterrupted.training->run();
  struct Killed {};
  for (const std::int64_t kill_after : {2, 6, 11}) {
    const test::TemporaryDirectory directory;
    const auto state = directory.path() / "state.safetensors";
    {
      PretrainingRun killed;
      killed.training->keep_state(state, false);
      CHECK_THROWS_AS(killed.training->run({.after_step =
                                                [&](std::int64_t step, std::int64_t, double) {
                                                  if (step == kill_after) throw Killed();
                                                }}),
                      Killed);
    }
    CHECK(std::filesystem::exists(state) == (kill_after > 5));
    PretrainingRun resumed;
    resumed.training->keep_state(state, true);
    CHECK(resumed.training->steps() == kill_after / 5 * 5);
    resumed.training->run();
    check_same(resumed, uninterrupted);
  }
}

TEST_CASE("pretraining: a finished run goes on with more steps and another schedule") {
  auto constant = fast_options();
  constant.schedule = ScheduleShape::constant;
  auto cooled = constant;
  cooled.steps = 20;
  cooled.schedule = ScheduleShape::trapezoid;
  cooled.cooldown_steps = 8;
  PretrainingRun uninterrupted(cooled);
  uninterrupted.training->run();

  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  PretrainingRun first(constant);
  first.training->keep_state(state, false);
  first.training->run();
  PretrainingRun second(cooled);
  second.training->keep_state(state, true);
  second.training->run();
  CHECK(test::first_difference(parameters_of(*second.model), parameters_of(*uninterrupted.model)) ==
        "");
}

TEST_CASE("pretraining: a state is only resumed by the run it is of, and never overwritten") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  PretrainingRun first;
  first.training->keep_state(state, false);
  first.training->run();
  PretrainingRun second;
  CHECK_THROWS_WITH(second.training->keep_state(state, false), contains("earlier run"));
  auto options = fast_options();
  options.window = 9;
  PretrainingRun other(options);
  CHECK_THROWS_WITH(other.training->keep_state(state, true), contains("another window: 8, now 9"));
  const auto content = test::read_text(state);
  const auto cut = directory.file("cut", content.substr(0, content.size() / 2));
  CHECK_THROWS_AS(second.training->keep_state(cut, true), FileError);
}

TEST_CASE("pretraining: a run is resumed with no other setting than it was started with") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  {
    PretrainingRun started;
    started.training->keep_state(state, false);
    started.training->run();
  }
  const std::vector<std::pair<const char*, std::function<void(PretrainingOptions&, ModelConfig&)>>>
      changes{
          {"window", [](auto& o, auto&) { o.window = 9; }},
          {"windows in a step", [](auto& o, auto&) { o.batch_size = 3; }},
          {"windows in a step", [](auto& o, auto&) { o.accumulate = 3; }},
          {"beta1", [](auto& o, auto&) { o.optimizer.beta1 = 0.8; }},
          {"beta2", [](auto& o, auto&) { o.optimizer.beta2 = 0.8; }},
          {"eps", [](auto& o, auto&) { o.optimizer.eps = 1e-7; }},
          {"weight decay", [](auto& o, auto&) { o.optimizer.weight_decay = 0.2; }},
          {"largest gradient norm of a group",
           [](auto& o, auto&) {
             o.max_grad_norm = 0;
             o.optimizer.max_grad_norm = 2;
           }},
          {"AdamW of cmu2025",
           [](auto& o, auto&) {
             o.optimizer.eps = o.optimizer.resolved_eps();
             o.optimizer.variant = AdamWVariant::cmu2025;
           }},
          {"largest gradient norm", [](auto& o, auto&) { o.max_grad_norm = 2; }},
          {"seed", [](auto& o, auto&) { o.seed = 2; }},
          {"dtype", [](auto& o, auto&) { o.precision = Precision::bfloat16; }},
          {"windows of validation", [](auto& o, auto&) { o.valid_windows = 3; }},
          {"n_layers", [](auto&, auto& c) { ++c.n_layers; }},
          {"norm_eps", [](auto&, auto& c) { c.norm_eps = 1e-4; }},
          {"rope_theta", [](auto&, auto& c) { c.rope_theta = 5000; }},
          {"dropout", [](auto&, auto& c) { c.dropout = 0.2; }},
          {"tie_word_embeddings", [](auto&, auto& c) { c.tied_embeddings ^= true; }},
      };
  for (const auto& [name, change] : changes) {
    auto options = fast_options();
    auto config = rms_config();
    change(options, config);
    PretrainingRun other(options, config);
    CHECK_THROWS_WITH(other.training->keep_state(state, true),
                      contains(fmt::format("started with another {}: ", name)));
  }
}

TEST_CASE("pretraining: a state that says what no run says is refused") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "state.safetensors";
  PretrainingRun first;
  first.training->keep_state(path, false);
  first.training->run();
  auto state = read_training_state(path);
  auto& progress = state.texts.at("progress");
  const std::string steps = R"("steps":12)";
  const auto place = progress.find(steps);
  REQUIRE(place != std::string::npos);
  progress.replace(place, steps.size(), R"("steps":-1)");
  write_training_state(path, state);
  PretrainingRun second;
  CHECK_THROWS_WITH(second.training->keep_state(path, true), contains("-1 steps"));
}
