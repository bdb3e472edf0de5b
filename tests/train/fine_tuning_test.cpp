#include "minillama/train/fine_tuning.h"

#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/kernels/dispatch.h"
#include "minillama/model/adapters.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// Sequences of random tokens, labelled by whether there are more even than odd ones.
Examples random_examples(std::int64_t count, std::uint64_t seed) {
  auto generator = make_generator(seed);
  Examples examples;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto length = 1 + torch::randint(9, {1}, generator, torch::kLong).item<std::int64_t>();
    const auto tokens = torch::randint(37, {length}, generator, torch::kLong);
    const auto* data = tokens.data_ptr<std::int64_t>();
    examples.ids.emplace_back(data, data + length);
    const auto n_odd = tokens.remainder(2).sum().item<std::int64_t>();
    examples.labels.push_back(2 * n_odd < length ? 1 : 0);
  }
  return examples;
}

/// What a run is made of.
struct Settings {
  ModelConfig model = [] {
    auto config = test::small_config();
    config.dropout = 0.1;
    return config;
  }();
  ClassifierConfig classifier = {.label_names = {"odd", "even"}};
  LoraOptions lora = {.rank = 2, .dropout = 0.2};
  FineTuningOptions options = {.epochs = 3, .batches = {.size = 8}, .optimizer = {.lr = 0.01}};
  std::uint64_t seed = 7;
};

/// A run from the same start whenever it is made.
struct Run {
  explicit Run(bool lora = false, FineTuningOptions options = fast_options())
      : Run(lora, Settings{.options = options}) {}

  Run(bool lora, const Settings& settings)
      : generator(make_generator(settings.seed)),
        model(make_model(lora, settings, generator)),
        tuning(model, random_examples(50, 1), random_examples(30, 2), settings.options, generator) {
  }

  static FineTuningOptions fast_options() { return Settings().options; }

  static Classifier make_model(bool lora, const Settings& settings,
                               const torch::Generator& generator) {
    Llama llama(settings.model, generator);
    if (lora) add_adapter(llama, "x", settings.lora, generator);
    Classifier model(llama, settings.classifier, generator);
    if (lora) train_only_adapter(llama, "x");
    return model;
  }

  torch::Generator generator;
  Classifier model;
  FineTuning tuning;
};

/// The epochs' figures without times.
std::vector<std::array<double, 4>> figures(const FineTuning& tuning) {
  std::vector<std::array<double, 4>> all;
  for (const auto& m : tuning.metrics()) {
    all.push_back({m.train_loss, m.dev_loss, m.dev_accuracy, m.dev_macro_f1});
  }
  return all;
}

void check_same(Run& a, Run& b) {
  CHECK((figures(a.tuning) == figures(b.tuning)));
  CHECK(a.tuning.best_epoch() == b.tuning.best_epoch());
  CHECK(test::first_difference(parameters_of(*a.model), parameters_of(*b.model)) == "");
}

}  // namespace

TEST_CASE("fine_tuning: learns, and ends with the weights of the best epoch") {
  auto options = Run::fast_options();
  options.epochs = 8;
  Run run(false, options);
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

TEST_CASE("fine_tuning: stopped after any step and resumed it ends with the same bits") {
  for (const bool lora : {false, true}) {
    Run uninterrupted(lora);
    uninterrupted.tuning.run();
    const std::int64_t n_steps = 3 * 7;
    for (std::int64_t stop_after = 1; stop_after <= n_steps; stop_after += lora ? 5 : 1) {
      INFO((lora ? "LoRA" : "full") << ", stopped after step " << stop_after);
      const test::TemporaryDirectory directory;
      const auto state = directory.path() / "state.safetensors";
      {
        Run stopped(lora);
        stopped.tuning.keep_state(state, false);
        std::int64_t steps = 0;
        const auto outcome =
            stopped.tuning.run({.should_stop = [&] { return ++steps == stop_after; }});
        CHECK(outcome == FineTuning::Outcome::stopped);
      }
      Run resumed(lora);
      resumed.tuning.keep_state(state, true);
      CHECK(resumed.tuning.run() == FineTuning::Outcome::finished);
      check_same(resumed, uninterrupted);

      Run again(lora);  // resuming a finished run trains nothing
      again.tuning.keep_state(state, true);
      again.tuning.run({.after_step = [](const StepReport&) { FAIL("a step"); }});
      check_same(again, uninterrupted);
    }
  }
}

TEST_CASE("fine_tuning: goes on from the last save, however long ago it was killed") {
  Run uninterrupted;
  uninterrupted.tuning.run();
  auto options = Run::fast_options();
  options.save_every_steps = 4;
  struct Killed {};
  for (const std::int64_t kill_after : {1, 3, 6, 9, 20}) {
    const test::TemporaryDirectory directory;
    const auto state = directory.path() / "state.safetensors";
    {
      Run killed(false, options);
      killed.tuning.keep_state(state, false);
      std::int64_t steps = 0;
      CHECK_THROWS_AS(killed.tuning.run({.after_step =
                                             [&](const StepReport&) {
                                               if (++steps == kill_after) throw Killed();
                                             }}),
                      Killed);
    }
    CHECK(std::filesystem::exists(state) == (kill_after > 4));
    Run resumed(false, options);
    resumed.tuning.keep_state(state, true);
    resumed.tuning.run();
    check_same(resumed, uninterrupted);
  }
}

TEST_CASE("fine_tuning: a state is only resumed by the run it is of, and never overwritten") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  {
    Run stopped;
    stopped.tuning.keep_state(state, false);
    stopped.tuning.run({.should_stop = [] { return true; }});
  }
  Run fresh;
  CHECK_THROWS_WITH(fresh.tuning.keep_state(state, false), contains("earlier run"));
  auto options = Run::fast_options();
  options.optimizer.lr = 0.02;
  Run other(false, options);
  CHECK_THROWS_WITH(other.tuning.keep_state(state, true),
                    contains("another learning rate: 0.01, now 0.02"));
  Run lora(true);
  CHECK_THROWS_AS(lora.tuning.keep_state(state, true), OptionError);

  const auto content = test::read_text(state);
  const auto cut = directory.file("cut", content.substr(0, content.size() / 2));
  CHECK_THROWS_AS(fresh.tuning.keep_state(cut, true), FileError);
}

TEST_CASE("fine_tuning: a run is resumed with no other setting than it was started with") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  {
    Run stopped(true);
    stopped.tuning.keep_state(state, false);
    stopped.tuning.run({.should_stop = [] { return true; }});
  }
  const std::vector<std::pair<const char*, std::function<void(Settings&)>>> changes{
      {"seed", [](auto& s) { s.seed = 8; }},
      {"label names",
       [](auto& s) {
         s.classifier.label_names = {"odd", "Even"};
       }},
      {"pooling", [](auto& s) { s.classifier.pooling = PoolingKind::last; }},
      {"template", [](auto& s) { s.classifier.sentence_template = "{sentence}."; }},
      {"dropout", [](auto& s) { s.classifier.dropout = 0.2; }},
      {"model's dim", [](auto& s) { s.model.dim *= 2; }},
      {"model's n_layers", [](auto& s) { ++s.model.n_layers; }},
      {"model's n_heads", [](auto& s) { s.model.n_heads = s.model.n_kv_heads = 1; }},
      {"model's n_kv_heads", [](auto& s) { s.model.n_kv_heads = 1; }},
      {"model's hidden_dim", [](auto& s) { s.model.hidden_dim = 20; }},
      {"model's vocab_size", [](auto& s) { ++s.model.vocab_size; }},
      {"model's max_seq_len", [](auto& s) { ++s.model.max_seq_len; }},
      {"model's norm", [](auto& s) { s.model.norm = NormKind::rmsnorm; }},
      {"model's norm_eps", [](auto& s) { s.model.norm_eps = 1e-4; }},
      {"model's attention", [](auto& s) { s.model.attention = AttentionKind::full; }},
      {"model's rope_theta", [](auto& s) { s.model.rope_theta = 5000; }},
      {"model's dropout", [](auto& s) { s.model.dropout = 0.2; }},
      {"model's tie_word_embeddings", [](auto& s) { s.model.tied_embeddings ^= true; }},
      {"lora rank", [](auto& s) { s.lora.rank = 3; }},
      {"lora alpha", [](auto& s) { s.lora.alpha = 8; }},
      {"lora dropout", [](auto& s) { s.lora.dropout = 0; }},
      {"lora targets", [](auto& s) { s.lora.targets = {"w1"}; }},
      {"epochs", [](auto& s) { s.options.epochs = 4; }},
      {"patience", [](auto& s) { s.options.patience = 1; }},
      {"batch size", [](auto& s) { s.options.batches.size = 9; }},
      {"tokens in a batch", [](auto& s) { s.options.batches.max_tokens = 99; }},
      {"batches by length", [](auto& s) { s.options.batches.by_length = false; }},
      {"shuffle", [](auto& s) { s.options.batches.shuffle = false; }},
      {"learning rate", [](auto& s) { s.options.optimizer.lr = 0.02; }},
      {"beta1", [](auto& s) { s.options.optimizer.beta1 = 0.8; }},
      {"beta2", [](auto& s) { s.options.optimizer.beta2 = 0.8; }},
      {"eps", [](auto& s) { s.options.optimizer.eps = 1e-7; }},
      {"weight decay", [](auto& s) { s.options.optimizer.weight_decay = 0.1; }},
      {"largest gradient norm of a group",
       [](auto& s) {
         s.options.max_grad_norm = 0;
         s.options.optimizer.max_grad_norm = 2;
       }},
      {"AdamW of cmu2025",
       [](auto& s) {
         s.options.optimizer.eps = AdamWOptions{}.resolved_eps();
         s.options.optimizer.variant = AdamWVariant::cmu2025;
       }},
      {"largest gradient norm", [](auto& s) { s.options.max_grad_norm = 2; }},
      {"schedule", [](auto& s) { s.options.schedule = ScheduleShape::cosine; }},
      {"warm-up", [](auto& s) { s.options.warmup = 0.2; }},
      {"dtype", [](auto& s) { s.options.precision = Precision::bfloat16; }},
      {"compatible", [](auto& s) { s.options.compatible = true; }},
  };
  for (const auto& [name, change] : changes) {
    Settings settings;
    change(settings);
    Run other(true, settings);
    CHECK_THROWS_WITH(other.tuning.keep_state(state, true),
                      contains(fmt::format("started with another {}: ", name)));
  }

  // When the state is saved is nobody's business but the caller's.
  Settings settings;
  settings.options.save_every_steps = 2;
  settings.options.save_every_seconds = 1;
  Run same(true, settings);
  CHECK_NOTHROW(same.tuning.keep_state(state, true));
}

TEST_CASE("fine_tuning: data of the same tokens, divided or padded otherwise, are other data") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  const auto keep = [&](const Examples& examples, bool resume) {
    Run run;
    FineTuning tuning(run.model, examples, random_examples(30, 2), Settings().options,
                      run.generator);
    tuning.keep_state(state, resume);
    tuning.run({.should_stop = [] { return true; }});
  };
  keep({.ids = {{1, 2}, {3}}, .labels = {0, 1}}, false);
  const auto other_data = contains("another training examples");
  CHECK_THROWS_WITH(keep({.ids = {{1}, {2, 3}}, .labels = {0, 1}}, true), other_data);
  CHECK_THROWS_WITH(keep({.ids = {{1, 2}, {3}}, .labels = {0, 1}, .pad_id = 1}, true), other_data);
}

TEST_CASE("fine_tuning: in bfloat16 it learns what it learns in float32, nearly") {
  if (!kernels::has_bfloat16_products()) return;
  for (const bool lora : {false, true}) {
    auto options = Run::fast_options();
    Run exact(lora, options);
    exact.tuning.run();
    options.precision = Precision::bfloat16;
    Run mixed(lora, options);
    mixed.tuning.run();
    CHECK(precision_on(torch::kCPU) == Precision::float32);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(mixed.tuning.metrics()[i].train_loss ==
            Approx(exact.tuning.metrics()[i].train_loss).epsilon(0.02));
      CHECK(mixed.tuning.metrics()[i].train_loss != exact.tuning.metrics()[i].train_loss);
    }
  }
}

TEST_CASE("fine_tuning: patience ends a run that gets no better") {
  auto options = Run::fast_options();
  options.epochs = 50;
  options.patience = 2;
  options.optimizer.lr = 0;
  Run run(false, options);
  run.tuning.run();
  CHECK(run.tuning.best_epoch() == 1);
  CHECK(run.tuning.metrics().size() == 3);
}

TEST_CASE("fine_tuning: a weight that is not finite is never saved") {
  auto options = Run::fast_options();
  options.save_every_steps = 1;
  options.optimizer.lr = 1e30;
  options.warmup = 0;
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  Run run(false, options);
  run.tuning.keep_state(state, false);
  CHECK_THROWS_AS(run.tuning.run(), DivergedError);
  if (!std::filesystem::exists(state)) return;
  for (const auto& [name, tensor] : read_training_state(state).group("model")) {
    CHECK(tensor.isfinite().all().item<bool>());
  }
}

TEST_CASE("fine_tuning: the same seed gives the same bits, another seed others") {
  Run a;
  Run b;
  a.tuning.run();
  b.tuning.run();
  check_same(a, b);
}

TEST_CASE("fine_tuning: options that cannot be used are refused by name") {
  auto options = Run::fast_options();
  options.epochs = 0;
  CHECK_THROWS_WITH(Run(false, options), contains("epochs is 0"));
  options = Run::fast_options();
  options.warmup = 1;
  CHECK_THROWS_WITH(Run(false, options), contains("warmup is 1"));
  const auto generator = make_generator(1);
  CHECK_THROWS_AS(
      FineTuning(Run::make_model(false, {}, generator), {}, random_examples(3, 1), {}, generator),
      OptionError);
}
