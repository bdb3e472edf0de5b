#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "minillama/model/adapters.h"
#include "minillama/train/fine_tuning.h"

#include "support/catch.h"
#include "support/small_model.h"
#include "support/tensors.h"

namespace minillama::test {

/// Sequences of random tokens, labelled by whether there are more even than odd ones.
inline Examples random_examples(std::int64_t count, std::uint64_t seed) {
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

/// What a run of fine-tuning is made of.
struct FineTuningSettings {
  ModelConfig model = [] {
    auto config = small_config();
    config.dropout = 0.1;
    return config;
  }();
  ClassifierConfig classifier = {.label_names = {"odd", "even"}};
  LoraOptions lora = {.rank = 2, .dropout = 0.2};
  std::optional<AdapterOptions> adapter = {};  ///< in place of LoRA
  FineTuningOptions options = {.epochs = 3, .batches = {.size = 8}, .optimizer = {.lr = 0.01}};
  std::uint64_t seed = 7;
};

/// A run from the same start whenever it is made.
struct FineTuningRun {
  explicit FineTuningRun(bool lora = false, FineTuningOptions options = fast_options())
      : FineTuningRun(lora, FineTuningSettings{.options = options}) {}

  FineTuningRun(bool lora, const FineTuningSettings& settings)
      : generator(make_generator(settings.seed)),
        model(make_model(lora, settings, generator)),
        tuning(model, random_examples(50, 1), random_examples(30, 2), settings.options, generator) {
  }

  static FineTuningOptions fast_options() { return FineTuningSettings().options; }

  static Classifier make_model(bool lora, const FineTuningSettings& settings,
                               const torch::Generator& generator) {
    Llama llama(settings.model, generator);
    if (lora) add_adapter(llama, "x", settings.adapter.value_or(settings.lora), generator);
    Classifier model(llama, settings.classifier, generator);
    if (lora) train_only_adapter(llama, "x");
    return model;
  }

  torch::Generator generator;
  Classifier model;
  FineTuning tuning;
};

/// The epochs' figures without times.
inline std::vector<std::array<double, 4>> figures(const FineTuning& tuning) {
  std::vector<std::array<double, 4>> all;
  for (const auto& m : tuning.metrics()) {
    all.push_back({m.train_loss, m.dev_loss, m.dev_accuracy, m.dev_macro_f1});
  }
  return all;
}

inline void check_same(FineTuningRun& a, FineTuningRun& b) {
  CHECK((figures(a.tuning) == figures(b.tuning)));
  CHECK((a.tuning.records() == b.tuning.records()));
  CHECK(a.tuning.best_epoch() == b.tuning.best_epoch());
  CHECK(first_difference(parameters_of(*a.model), parameters_of(*b.model)) == "");
}

}  // namespace minillama::test
