#include "minillama/train/pretraining.h"

#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/small_model.h"
#include "support/tensors.h"
#include "support/threads.h"

using namespace minillama;

namespace {

ModelConfig rms_config(double dropout = 0) {
  auto config = test::small_config();
  config.norm = NormKind::rmsnorm;
  config.dropout = dropout;
  return config;
}

/// Tokens with something to learn: each is the one before plus 1 or 2.
TokenFile walk(const std::filesystem::path& path, std::int64_t count, std::uint64_t seed) {
  auto generator = make_generator(seed);
  const auto steps = torch::randint(1, 3, {count}, generator, torch::kLong);
  const auto tokens = steps.cumsum(0).remainder(37);
  TokenFileWriter writer(path, {.text_size = 1000, .vocab_size = 37});
  writer.write({tokens.data_ptr<std::int64_t>(), static_cast<std::size_t>(count)});
  writer.commit();
  return TokenFile(path);
}

PretrainingOptions fast_options() {
  return {.window = 8,
          .batch_size = 2,
          .accumulate = 2,
          .steps = 12,
          .optimizer = {.lr = 0.01},
          .warmup_steps = 2,
          .record_every = 3,
          .evaluate_every = 5,
          .save_every_seconds = 0};
}

/// A run from the same start whenever it is made.
struct Run {
  explicit Run(PretrainingOptions options = fast_options(), double dropout = 0)
      : Run(options, rms_config(dropout)) {}

  Run(PretrainingOptions options, const ModelConfig& config)
      : generator(make_generator(7)), model(config, generator) {
    training.emplace(model, walk(directory.path() / "train", 300, 1),
                     walk(directory.path() / "valid", 100, 2), options, generator);
  }

  test::TemporaryDirectory directory;
  torch::Generator generator;
  LanguageModel model;
  std::optional<Pretraining> training;
};

/// The records without times.
std::vector<PretrainingRecord> records(const Run& run) {
  auto all = run.training->records();
  for (auto& record : all) record.seconds = record.tokens_per_second = 0;
  return all;
}

void check_same(const Run& a, const Run& b) {
  CHECK((records(a) == records(b)));
  CHECK(test::first_difference(parameters_of(*a.model), parameters_of(*b.model)) == "");
}

}  // namespace

TEST_CASE("pretraining: learns, evaluates and records") {
  auto options = fast_options();
  options.steps = 60;
  options.epochs = 1;
  Run run(options);
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

TEST_CASE("pretraining: stopped after any step and resumed it ends with the same bits") {
  for (const double dropout : {0.0, 0.1}) {
    Run uninterrupted(fast_options(), dropout);
    uninterrupted.training->run();
    for (std::int64_t stop_after = 1; stop_after < 12; ++stop_after) {
      INFO("dropout " << dropout << ", stopped after step " << stop_after);
      const test::TemporaryDirectory directory;
      const auto state = directory.path() / "state.safetensors";
      {
        Run stopped(fast_options(), dropout);
        stopped.training->keep_state(state, false);
        const auto outcome = stopped.training->run(
            {.should_stop = [&] { return stopped.training->steps() == stop_after; }});
        CHECK(outcome == Pretraining::Outcome::stopped);
      }
      Run resumed(fast_options(), dropout);
      resumed.training->keep_state(state, true);
      CHECK(resumed.training->steps() == stop_after);
      CHECK(resumed.training->run() == Pretraining::Outcome::finished);
      check_same(resumed, uninterrupted);
    }
  }
}

TEST_CASE("pretraining: killed anywhere it goes on from the last save") {
  Run uninterrupted;
  uninterrupted.training->run();
  struct Killed {};
  for (const std::int64_t kill_after : {2, 6, 11}) {
    const test::TemporaryDirectory directory;
    const auto state = directory.path() / "state.safetensors";
    {
      Run killed;
      killed.training->keep_state(state, false);
      CHECK_THROWS_AS(killed.training->run({.after_step =
                                                [&](std::int64_t step, std::int64_t, double) {
                                                  if (step == kill_after) throw Killed();
                                                }}),
                      Killed);
    }
    CHECK(std::filesystem::exists(state) == (kill_after > 5));
    Run resumed;
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
  Run uninterrupted(cooled);
  uninterrupted.training->run();

  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  Run first(constant);
  first.training->keep_state(state, false);
  first.training->run();
  Run second(cooled);
  second.training->keep_state(state, true);
  second.training->run();
  CHECK(test::first_difference(parameters_of(*second.model), parameters_of(*uninterrupted.model)) ==
        "");
}

TEST_CASE("pretraining: a state is only resumed by the run it is of, and never overwritten") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  Run first;
  first.training->keep_state(state, false);
  first.training->run();
  Run second;
  CHECK_THROWS_WITH(second.training->keep_state(state, false), contains("earlier run"));
  auto options = fast_options();
  options.window = 9;
  Run other(options);
  CHECK_THROWS_WITH(other.training->keep_state(state, true), contains("another window: 8, now 9"));
  const auto content = test::read_text(state);
  const auto cut = directory.file("cut", content.substr(0, content.size() / 2));
  CHECK_THROWS_AS(second.training->keep_state(cut, true), FileError);
}

TEST_CASE("pretraining: a run is resumed with no other setting than it was started with") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  {
    Run started;
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
    Run other(options, config);
    CHECK_THROWS_WITH(other.training->keep_state(state, true),
                      contains(fmt::format("started with another {}: ", name)));
  }
}

TEST_CASE("pretraining: accumulated passes give the gradient of one large batch") {
  const auto gradients = [](std::int64_t batch_size, std::int64_t accumulate, int threads) {
    auto options = fast_options();
    options.batch_size = batch_size;
    options.accumulate = accumulate;
    options.steps = 1;
    options.warmup_steps = 0;
    const test::Threads scope(threads);
    Run run(options);
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
  for (const std::int64_t accumulate : {2, 3, 5}) {
    auto options = fast_options();
    options.accumulate = accumulate;
    const auto run = [&](int threads) {
      const test::Threads scope(threads);
      auto made = std::make_unique<Run>(options);
      made->training->run();
      return made;
    };
    const auto one = run(1);
    for (const int threads : {2, 3}) check_same(*run(threads), *one);
  }
}

TEST_CASE("pretraining: a state that says what no run says is refused") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "state.safetensors";
  Run first;
  first.training->keep_state(path, false);
  first.training->run();
  auto state = read_training_state(path);
  auto& progress = state.texts.at("progress");
  const std::string steps = R"("steps":12)";
  const auto place = progress.find(steps);
  REQUIRE(place != std::string::npos);
  progress.replace(place, steps.size(), R"("steps":-1)");
  write_training_state(path, state);
  Run second;
  CHECK_THROWS_WITH(second.training->keep_state(path, true), contains("-1 steps"));
}

TEST_CASE("pretraining: a loss that is not finite ends the run and spares the state") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  Run run;
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
  CHECK_THROWS_WITH(Run(options), contains("window is 21, the model's max_seq_len 20"));
  options = fast_options();
  options.batch_size = 0;
  CHECK_THROWS_WITH(Run(options), contains("batch-size is 0"));
  options = fast_options();
  options.epochs = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(Run(options), OptionError);
}

TEST_CASE("pretraining: perplexity and bits per byte are those of the loss") {
  const test::TemporaryDirectory directory;
  // A model that finds all of 37 tokens equally probable.
  LanguageModel model(rms_config(), make_generator(0));
  {
    const torch::NoGradGuard no_grad;
    model->llama->norm->weight.zero_();
  }
  const auto ids = walk(directory.path() / "ids", 400, 3);  // of a text of 1000 bytes
  for (const std::int64_t max_windows : {0, 3}) {
    const auto figures = evaluate_language_model(model, ids, 8, max_windows);
    CHECK(figures.loss == Approx(std::log(37.0)).epsilon(1e-6));
    CHECK(figures.perplexity == Approx(37.0).epsilon(1e-5));
    CHECK(figures.bits_per_byte == Approx(std::log2(37.0) * 400 / 1000).epsilon(1e-6));
  }
}
