// Fine-tuning that is stopped or killed and resumed.

#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/train/fine_tuning.h"
#include "minillama/weights/bitfit_options.h"
#include "minillama/weights/bottleneck_options.h"
#include "minillama/weights/dora_options.h"
#include "minillama/weights/ia3_options.h"
#include "minillama/weights/prefix_options.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/fine_tuning_run.h"

using namespace minillama;
using test::FineTuningRun;
using test::random_examples;
using Settings = test::FineTuningSettings;

namespace {

/// Leaves in `path` the state of a run that was stopped after its first step.
void write_stopped(const std::filesystem::path& path, bool lora = false) {
  FineTuningRun stopped(lora);
  stopped.tuning.keep_state(path, false);
  stopped.tuning.run({.should_stop = [] { return true; }});
}

/// `text` with its first `part` replaced, which it has.
std::string replaced(std::string text, const std::string& part, const std::string& with) {
  CAPTURE(text, part);
  const auto place = text.find(part);
  REQUIRE(place != std::string::npos);
  return text.replace(place, part.size(), with);
}

}  // namespace

TEST_CASE("fine_tuning: stopped after any step and resumed it ends with the same bits") {
  for (const bool lora : {false, true}) {
    FineTuningRun uninterrupted(lora);
    uninterrupted.tuning.run();
    const std::int64_t n_steps = 3 * 7;
    for (std::int64_t stop_after = 1; stop_after <= n_steps; stop_after += lora ? 5 : 1) {
      INFO((lora ? "LoRA" : "full") << ", stopped after step " << stop_after);
      const test::TemporaryDirectory directory;
      const auto state = directory.path() / "state.safetensors";
      {
        FineTuningRun stopped(lora);
        stopped.tuning.keep_state(state, false);
        std::int64_t steps = 0;
        const auto outcome =
            stopped.tuning.run({.should_stop = [&] { return ++steps == stop_after; }});
        CHECK(outcome == FineTuning::Outcome::stopped);
      }
      FineTuningRun resumed(lora);
      resumed.tuning.keep_state(state, true);
      CHECK(resumed.tuning.run() == FineTuning::Outcome::finished);
      check_same(resumed, uninterrupted);

      FineTuningRun again(lora);  // resuming a finished run trains nothing
      again.tuning.keep_state(state, true);
      again.tuning.run({.after_step = [](const StepReport&) { FAIL("a step"); }});
      check_same(again, uninterrupted);
    }
  }
}

TEST_CASE("fine_tuning: adapters of every kind are resumed with the same bits, and LoRA+") {
  for (const AdapterOptions& adapter : std::vector<AdapterOptions>{
           LoraOptions{.rank = 2, .rank_stabilized = true, .ranks = {{"compute_key", 3}}},
           LoraOptions{.rank = 2, .dropout = 0.2, .init = LoraInit::pissa},
           DoraOptions{{.rank = 2, .dropout = 0.2}}, Ia3Options(), BitfitOptions(),
           BottleneckOptions{.width = 3}, PrefixOptions{.n_virtual_tokens = 3}}) {
    INFO(adapter.kind());
    Settings settings{.adapter = adapter};
    const bool is_low_rank = adapter.kind() == "lora" || adapter.kind() == "dora";
    settings.options.learning_rates.lora_plus = is_low_rank ? 3 : 1;
    FineTuningRun uninterrupted(true, settings);
    uninterrupted.tuning.run();
    const test::TemporaryDirectory directory;
    const auto state = directory.path() / "state.safetensors";
    {
      FineTuningRun stopped(true, settings);
      stopped.tuning.keep_state(state, false);
      std::int64_t steps = 0;
      stopped.tuning.run({.should_stop = [&] { return ++steps == 9; }});
    }
    FineTuningRun resumed(true, settings);
    resumed.tuning.keep_state(state, true);
    CHECK(resumed.tuning.run() == FineTuning::Outcome::finished);
    check_same(resumed, uninterrupted);
    FineTuningRun other(true);
    CHECK_THROWS_AS(other.tuning.keep_state(state, true), OptionError);
  }
}

TEST_CASE("fine_tuning: under Mixout and with rates that fall it is resumed with the same bits") {
  Settings settings;
  settings.options.mixout = 0.5;
  settings.options.learning_rates.layer_decay = 0.8;
  FineTuningRun uninterrupted(false, settings);
  uninterrupted.tuning.run();
  const test::TemporaryDirectory directory;
  {
    FineTuningRun stopped(false, settings);
    stopped.tuning.keep_state(directory.path() / "state", false);
    std::int64_t steps = 0;
    stopped.tuning.run({.should_stop = [&] { return ++steps == 9; }});
  }
  FineTuningRun resumed(false, settings);
  resumed.tuning.keep_state(directory.path() / "state", true);
  resumed.tuning.run();
  check_same(resumed, uninterrupted);

  settings.options.mixout = 0.25;
  FineTuningRun other(false, settings);
  CHECK_THROWS_WITH(other.tuning.keep_state(directory.path() / "state", true),
                    contains("another mixout: "));
}

TEST_CASE("fine_tuning: goes on from the last save, however long ago it was killed") {
  FineTuningRun uninterrupted;
  uninterrupted.tuning.run();
  auto options = FineTuningRun::fast_options();
  options.save_every_steps = 4;
  struct Killed {};
  for (const std::int64_t kill_after : {1, 3, 6, 9, 20}) {
    const test::TemporaryDirectory directory;
    const auto state = directory.path() / "state.safetensors";
    {
      FineTuningRun killed(false, options);
      killed.tuning.keep_state(state, false);
      std::int64_t steps = 0;
      CHECK_THROWS_AS(killed.tuning.run({.after_step =
                                             [&](const StepReport&) {
                                               if (++steps == kill_after) throw Killed();
                                             }}),
                      Killed);
    }
    CHECK(std::filesystem::exists(state) == (kill_after > 4));
    FineTuningRun resumed(false, options);
    resumed.tuning.keep_state(state, true);
    resumed.tuning.run();
    check_same(resumed, uninterrupted);
  }
}

TEST_CASE("fine_tuning: an average of the weights is kept and resumed with the same bits") {
  auto options = FineTuningRun::fast_options();
  options.average_decay = 0.8;
  FineTuningRun plain;
  plain.tuning.run();
  FineTuningRun uninterrupted(false, options);
  uninterrupted.tuning.run();
  // Steps are the same; what is evaluated and kept is the average.
  CHECK(uninterrupted.tuning.metrics()[2].train_loss == plain.tuning.metrics()[2].train_loss);
  CHECK(uninterrupted.tuning.metrics()[2].dev_loss != plain.tuning.metrics()[2].dev_loss);
  for (const std::int64_t stop_after : {1, 7, 11, 20}) {
    const test::TemporaryDirectory directory;
    const auto state = directory.path() / "state.safetensors";
    {
      FineTuningRun stopped(false, options);
      stopped.tuning.keep_state(state, false);
      std::int64_t steps = 0;
      stopped.tuning.run({.should_stop = [&] { return ++steps == stop_after; }});
    }
    FineTuningRun resumed(false, options);
    resumed.tuning.keep_state(state, true);
    CHECK(resumed.tuning.run() == FineTuning::Outcome::finished);
    check_same(resumed, uninterrupted);
  }
}

TEST_CASE("fine_tuning: a state is only resumed by the run it is of, and never overwritten") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  write_stopped(state);
  FineTuningRun fresh;
  CHECK_THROWS_WITH(fresh.tuning.keep_state(state, false), contains("earlier run"));
  auto options = FineTuningRun::fast_options();
  options.optimizer.lr = 0.02;
  FineTuningRun other(false, options);
  CHECK_THROWS_WITH(other.tuning.keep_state(state, true),
                    contains("another learning rate: 0.01, now 0.02"));
  FineTuningRun lora(true);
  CHECK_THROWS_AS(lora.tuning.keep_state(state, true), OptionError);

  const auto content = test::read_text(state);
  const auto cut = directory.file("cut", content.substr(0, content.size() / 2));
  CHECK_THROWS_AS(fresh.tuning.keep_state(cut, true), FileError);
}

TEST_CASE("fine_tuning: a run is resumed with no other setting than it was started with") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  write_stopped(state, true);
  const std::vector<std::pair<const char*, std::function<void(Settings&)>>> changes{
      {"seed", [](auto& s) { s.seed = 8; }},
      {"label names",
       [](auto& s) {
         s.classifier.label_names = {"odd", "Even"};
       }},
      {"pooling", [](auto& s) { s.classifier.pooling = PoolingKind::last; }},
      {"template", [](auto& s) { s.classifier.sentence_template = "{sentence}."; }},
      {"dropout", [](auto& s) { s.classifier.dropout = 0.2; }},
      {"pad id", [](auto& s) { s.classifier.pad_id = 1; }},
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
      {"lora rank_stabilized", [](auto& s) { s.lora.rank_stabilized = true; }},
      {"lora ranks",
       [](auto& s) {
         s.lora.ranks = {{"compute_key", 3}};
       }},
      {"lora alphas",
       [](auto& s) {
         s.lora.alphas = {{"compute_key", 3}};
       }},
      {"lora init", [](auto& s) { s.lora.init = LoraInit::pissa; }},
      {"LoRA+ ratio", [](auto& s) { s.options.learning_rates.lora_plus = 4; }},
      {"layer decay", [](auto& s) { s.options.learning_rates.layer_decay = 0.9; }},
      {"epochs", [](auto& s) { s.options.epochs = 4; }},
      {"patience", [](auto& s) { s.options.patience = 1; }},
      {"ties by loss", [](auto& s) { s.options.ties_by_loss = true; }},
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
      {"decay of averaged weights", [](auto& s) { s.options.average_decay = 0.9; }},
      {"dtype", [](auto& s) { s.options.precision = Precision::bfloat16; }},
      {"compatible", [](auto& s) { s.options.compatible = true; }},
  };
  for (const auto& [name, change] : changes) {
    Settings settings;
    change(settings);
    FineTuningRun other(true, settings);
    CHECK_THROWS_WITH(other.tuning.keep_state(state, true),
                      contains(fmt::format("started with another {}: ", name)));
  }

  // When the state is saved is nobody's business but the caller's.
  Settings settings;
  settings.options.save_every_steps = 2;
  settings.options.save_every_seconds = 1;
  FineTuningRun same(true, settings);
  CHECK_NOTHROW(same.tuning.keep_state(state, true));
}

TEST_CASE("fine_tuning: a schedule is told by its name, and read where it has a number") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "state.safetensors";
  write_stopped(path);
  auto options = FineTuningRun::fast_options();
  options.schedule = ScheduleShape::cosine;
  FineTuningRun other(false, options);
  CHECK_THROWS_WITH(other.tuning.keep_state(path, true),
                    contains("another schedule: \"linear\", now \"cosine\""));

  auto state = read_training_state(path);
  const auto settings = state.text("settings");
  const auto write = [&](const std::string& schedule) {
    state.texts["settings"] =
        replaced(settings, R"("schedule":"linear")", R"("schedule":)" + schedule);
    write_training_state(path, state);
  };
  write("1");
  FineTuningRun same;
  CHECK_NOTHROW(same.tuning.keep_state(path, true));
  CHECK_THROWS_WITH(other.tuning.keep_state(path, true),
                    contains("another schedule: \"linear\", now \"cosine\""));
  for (const std::string bad : {"0", "4", "-1", "1e30", "null", "\"\""}) {
    write(bad);
    CHECK_THROWS_WITH(same.tuning.keep_state(path, true), contains("another schedule: "));
  }
}

TEST_CASE("fine_tuning: what earlier states do not say was not so") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "state.safetensors";
  write_stopped(path);
  auto state = read_training_state(path);
  state.texts["settings"] = replaced(state.text("settings"), R"("ties by loss":false,)", "");
  state.texts["settings"] = replaced(state.text("settings"), R"("bitfit targets":null,)", "");
  state.texts["progress"] = replaced(state.text("progress"), R"(,"begun":0)", "");
  state.texts["progress"] = replaced(state.text("progress"), R"("records":)", R"("other":)");
  write_training_state(path, state);
  FineTuningRun same;
  CHECK_NOTHROW(same.tuning.keep_state(path, true));
  auto options = FineTuningRun::fast_options();
  options.ties_by_loss = true;
  FineTuningRun other(false, options);
  CHECK_THROWS_WITH(other.tuning.keep_state(path, true), contains("another ties by loss"));
}

TEST_CASE("fine_tuning: a state that says what no run says is refused") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "state.safetensors";
  write_stopped(path);
  const auto state = read_training_state(path);
  const auto refused = [&](const std::string& text, const std::string& value,
                           const std::string& message) {
    auto changed = state;
    changed.texts.at(text) = value;
    write_training_state(path, changed);
    FineTuningRun run;
    CHECK_THROWS_WITH(run.tuning.keep_state(path, true), contains(message));
  };
  const auto settings = state.text("settings");
  refused("settings", replaced(settings, "{", R"({"colour":"red",)"), "setting \"colour\"");
  refused("settings", replaced(settings, R"("seed":7,)", ""), "does not say with which seed");
  refused("settings", replaced(settings, R"("epochs":3)", R"("epochs":"3")"), "epochs");
  refused("settings", "[" + settings + "]", "no JSON object");
  const auto progress = state.text("progress");
  refused("progress", replaced(progress, R"("best_epoch":0)", R"("best_epoch":1)"),
          "its best epoch is 1 of 0");
  refused("progress", replaced(progress, R"("batches":1)", R"("batches":-1)"), "-1 batches");
  refused("progress", replaced(progress, R"("begun":0)", R"("begun":1)"), "after 1 of 0 epochs");
  refused("progress", replaced(progress, R"("batches":1)", R"("batches":"1")"), "batches");
}

TEST_CASE("fine_tuning: data of the same tokens, divided or padded otherwise, are other data") {
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  const auto keep = [&](const Examples& examples, bool resume) {
    FineTuningRun run;
    FineTuning tuning(run.model, examples, random_examples(30, 2), FineTuningRun::fast_options(),
                      run.generator);
    tuning.keep_state(state, resume);
    tuning.run({.should_stop = [] { return true; }});
  };
  keep({.ids = {{1, 2}, {3}}, .labels = {0, 1}}, false);
  const auto other_data = contains("another training examples");
  CHECK_THROWS_WITH(keep({.ids = {{1}, {2, 3}}, .labels = {0, 1}}, true), other_data);
  CHECK_THROWS_WITH(keep({.ids = {{1, 2}, {3}}, .labels = {0, 1}, .pad_id = 1}, true), other_data);
}

TEST_CASE("fine_tuning: a weight that is not finite is never saved") {
  auto options = FineTuningRun::fast_options();
  options.save_every_steps = 1;
  options.optimizer.lr = 1e30;
  options.warmup = 0;
  const test::TemporaryDirectory directory;
  const auto state = directory.path() / "state.safetensors";
  FineTuningRun run(false, options);
  run.tuning.keep_state(state, false);
  CHECK_THROWS_AS(run.tuning.run(), DivergedError);
  if (!std::filesystem::exists(state)) return;
  for (const auto& [name, tensor] : read_training_state(state).group("model")) {
    CHECK(tensor.isfinite().all().item<bool>());
  }
}
