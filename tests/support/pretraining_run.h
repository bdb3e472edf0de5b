#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "minillama/train/pretraining.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/small_model.h"
#include "support/tensors.h"

namespace minillama::test {

inline ModelConfig rms_config(double dropout = 0) {
  auto config = small_config();
  config.norm = NormKind::rmsnorm;
  config.dropout = dropout;
  return config;
}

/// Tokens with something to learn: each is the one before plus 1 or 2.
inline TokenFile walk(const std::filesystem::path& path, std::int64_t count, std::uint64_t seed) {
  auto generator = make_generator(seed);
  const auto steps = torch::randint(1, 3, {count}, generator, torch::kLong);
  const auto tokens = steps.cumsum(0).remainder(37);
  TokenFileWriter writer(path, {.text_size = 1000, .vocab_size = 37});
  writer.write({tokens.data_ptr<std::int64_t>(), static_cast<std::size_t>(count)});
  writer.commit();
  return TokenFile(path);
}

inline PretrainingOptions fast_options() {
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
struct PretrainingRun {
  explicit PretrainingRun(PretrainingOptions options = fast_options(), double dropout = 0)
      : PretrainingRun(options, rms_config(dropout)) {}

  PretrainingRun(PretrainingOptions options, const ModelConfig& config)
      : generator(make_generator(7)), model(config, generator) {
    training.emplace(model, walk(directory.path() / "train", 300, 1),
                     walk(directory.path() / "valid", 100, 2), options, generator);
  }

  TemporaryDirectory directory;
  torch::Generator generator;
  LanguageModel model;
  std::optional<Pretraining> training;
};

/// The records without times.
inline std::vector<PretrainingRecord> records(const PretrainingRun& run) {
  auto all = run.training->records();
  for (auto& record : all) record.seconds = record.tokens_per_second = 0;
  return all;
}

inline void check_same(const PretrainingRun& a, const PretrainingRun& b) {
  CHECK((records(a) == records(b)));
  CHECK(first_difference(parameters_of(*a.model), parameters_of(*b.model)) == "");
}

}  // namespace minillama::test
