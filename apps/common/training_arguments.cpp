#include "common/training_arguments.h"

#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "minillama/core/error.h"

#include "common/classify_arguments.h"
#include "common/default_files.h"
#include "common/model_arguments.h"

namespace minillama::app {
namespace {

void read(const Arguments& arguments, const std::string& name, double& value) {
  if (arguments.given(name)) value = arguments.number(name);
}

void read(const Arguments& arguments, const std::string& name, std::int64_t& value) {
  if (arguments.given(name)) value = arguments.integer(name);
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

}  // namespace

TrainingArguments read_training_arguments(const Arguments& arguments, const Dataset& dataset,
                                          bool compatible, bool lora) {
  TrainingArguments out;
  auto& training = out.fine_tuning;
  if (compatible) {
    training = FineTuningOptions::cmu2025();
    out.classifier.pooling = PoolingKind::padded_last;
    out.lora.rank = 4;
    out.lora.alpha = 1;
  } else {
    training.batches.size = dataset.batch_size;
    if (lora) training.optimizer.lr = 2e-3;
  }
  read(arguments, "epochs", training.epochs);
  read(arguments, "patience", training.patience);
  read(arguments, "batch-size", training.batches.size);
  read(arguments, "lr", training.optimizer.lr);
  read(arguments, "warmup", training.warmup);
  read(arguments, "weight-decay", training.optimizer.weight_decay);
  read(arguments, "max-grad-norm", training.max_grad_norm);
  if (arguments.given("schedule")) {
    training.schedule =
        schedule_named(arguments.choice("schedule", {"constant", "linear", "cosine"}));
  }
  training.precision = precision_named(arguments.choice("dtype", {"f32", "bf16"}));
  training.save_every_seconds = arguments.number("save-every");
  training.save_every_steps = arguments.integer("save-every-steps");
  training.validate();

  out.classifier.label_names = label_names(arguments, dataset);
  out.classifier.dropout = arguments.number("hidden-dropout-prob");
  if (arguments.given("template")) out.classifier.sentence_template = arguments.text("template");
  if (arguments.given("pooling")) out.classifier.pooling = pooling_kind(arguments.text("pooling"));
  out.classifier.validate();

  read(arguments, "lora-rank", out.lora.rank);
  read(arguments, "lora-alpha", out.lora.alpha);
  out.lora.dropout = arguments.number("lora-dropout");
  if (arguments.given("lora-targets")) {
    out.lora.targets = split_at_commas(arguments.text("lora-targets"));
  }
  out.lora.validate();
  if (arguments.given("weights")) {
    auto names = weight_format_names();
    names.insert(names.begin(), "stored");
    const auto name = arguments.choice("weights", names);
    out.frozen = {.format = name == "stored" ? nullptr : &weight_format(name)};
  }
  out.recompute = arguments.is_set("recompute");
  out.head_has_bias = !arguments.is_set("no-head-bias");

  const auto seed = arguments.integer("seed");
  if (seed < 0) throw OptionError(fmt::format("--seed is {}, must be 0 or positive", seed));
  out.first_seed = static_cast<std::uint64_t>(seed);
  out.n_seeds = arguments.integer("seeds");
  if (out.n_seeds < 1) {
    throw OptionError(fmt::format("--seeds is {}, must be at least 1", out.n_seeds));
  }
  return out;
}

TrainingData read_training_data(const Arguments& arguments, const Dataset& dataset,
                                std::int64_t n_labels) {
  const bool any_given =
      arguments.given("train") || arguments.given("dev") || arguments.given("test");
  const auto read_split = [&](const std::string& split) -> std::vector<LabelledSentence> {
    const auto name = fmt::format("{0}/{0}-{1}.txt", dataset.name, split);
    const auto path = any_given ? std::filesystem::path(arguments.text(split)) : find_data(name);
    if (!path.empty()) return read_labelled_sentences(path, n_labels);
    if (split == "test") return {};
    throw OptionError(any_given ? fmt::format("training needs --{} too", split)
                                : fmt::format("no data/{} found: give --{}", name, split));
  };
  return {read_split("train"), read_split("dev"), read_split("test")};
}

}  // namespace minillama::app
