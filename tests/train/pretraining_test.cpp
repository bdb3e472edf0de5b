#include "minillama/train/pretraining.h"

#include <utility>
#include <vector>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/pretraining_run.h"
#include "support/threads.h"

using namespace minillama;
using test::fast_options;
using test::PretrainingRun;
using test::rms_config;
using test::walk;

TEST_CASE("pretraining: learns, evaluates and records") {
  auto options = fast_options();
  options.steps = 60;
  options.epochs = 1;
  PretrainingRun run(options);
  std::vector<bool> best;
  const auto outcome = run.training->run({.after_record = [&](const auto& record, bool is_best) {
    if (record.valid) best.push_back(is_best);
  }});
  CHECK(outcome == Pretraining::Outcome::finished);
  const auto& all = run.training->records();
  CHECK(all.size() == 20 + 12 - 4);  // every 3rd step, every 5th, every 15th is both
  CHECK(best.size() == 12);
  CHECK(best.front());
  CHECK(all.back().step == 60);
  CHECK(all.back().tokens == 60 * 4 * 8);
  CHECK(all.front().train_loss > 3.4);
  CHECK(all.back().train_loss < 2.5);
  REQUIRE(all.back().valid);
  CHECK(all.back().valid->loss < 2.5);
}

TEST_CASE("pretraining: accumulated passes give the gradient of one large batch") {
  const auto gradients = [](std::int64_t batch_size, std::int64_t accumulate, int threads) {
    auto options = fast_options();
    options.batch_size = batch_size;
    options.accumulate = accumulate;
    options.steps = 1;
    options.warmup_steps = 0;
    const test::Threads scope(threads);
    PretrainingRun run(options);
    run.training->run();
    std::vector<torch::Tensor> all;
    for (const auto& parameter : run.model->parameters()) all.push_back(parameter.grad());
    return all;
  };
  const auto expected = gradients(12, 1, 1);
  for (const auto& [batch_size, accumulate] : {std::pair{6, 2}, {4, 3}, {1, 12}}) {
    for (const int threads : {1, 2, 3}) {
      const auto found = gradients(batch_size, accumulate, threads);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(test::difference(found[i], expected[i], 1e-4, 1e-7) == "");
      }
    }
  }
}

TEST_CASE("pretraining: the number of threads changes no bit of what passes come to") {
  for (const auto& [accumulate, dropout] : {std::pair(2, 0.0), {3, 0.0}, {5, 0.0}, {3, 0.2}}) {
    auto options = fast_options();
    options.accumulate = accumulate;
    const auto run = [&](int threads) {
      const test::Threads scope(threads);
      auto made = std::make_unique<PretrainingRun>(options, dropout);
      made->training->run();
      return made;
    };
    const auto one = run(1);
    for (const int threads : {2, 3}) check_same(*run(threads), *one);
  }
}

TEST_CASE("pretraining: a loss that is not finite ends the run and spares the state") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  PretrainingRun run;
  run.training->keep_state(state, false);
  std::string saved;
  const auto poison = [&](std::int64_t step, std::int64_t, double) {
    if (step != 7) return;
    saved = test::read_text(state);
    const torch::NoGradGuard no_grad;
    run.model->parameters()[3].fill_(std::numeric_limits<float>::infinity());
  };
  CHECK_THROWS_AS(run.training->run({.after_step = poison}), DivergedError);
  CHECK(!saved.empty());
  CHECK(test::read_text(state) == saved);
}

TEST_CASE("pretraining: options that cannot be used are refused") {
  auto options = fast_options();
  options.window = 21;
  CHECK_THROWS_WITH(PretrainingRun(options), contains("window is 21, the model's max_seq_len 20"));
  options = fast_options();
  options.batch_size = 0;
  CHECK_THROWS_WITH(PretrainingRun(options), contains("batch-size is 0"));
  options = fast_options();
  options.epochs = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(PretrainingRun(options), OptionError);
}
