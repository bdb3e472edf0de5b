#include "common/fine_tune.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/model/module_text_classifier.h"
#include "minillama/report/comparison.h"
#include "minillama/text/sentiment_prompt.h"
#include "minillama/train/fine_tuning.h"

#include "common/classify_arguments.h"
#include "common/evaluate.h"
#include "common/evaluation_arguments.h"
#include "common/fine_tuning_report.h"
#include "common/fine_tuning_setting.h"
#include "common/output.h"
#include "common/output_files.h"
#include "common/run_reports.h"
#include "common/search_classifier.h"
#include "common/shell_word.h"
#include "common/train_classifier.h"
#include "common/training_arguments.h"
#include "common/training_data.h"
#include "common/wise_ft.h"

namespace minillama::app {
namespace {

/// Says, before anything is trained, what the training set makes doubtful.
void warn_of_missing_labels(const FineTuningSetting& setting) {
  const auto& names = setting.training.classifier.label_names;
  std::vector<std::string> missing;
  for (std::int64_t label = 0; label < std::ssize(names); ++label) {
    const auto has_label = [&](const auto& example) { return example.label == label; };
    if (std::ranges::any_of(setting.data.train, has_label)) continue;
    missing.push_back(
        fmt::format("{} ({})", label, printable(names[static_cast<std::size_t>(label)])));
  }
  if (missing.empty()) return;
  note("warning: no sentence to train on has the label {}{}\n", fmt::join(missing, " or "),
       setting.arguments.given("label-names") ? "" : "; --label-names gives labels of your own");
}

/// Whether the adapter alone is kept, which names its base: beside weights that stay where they are
/// and, of any data, beside those of a base that a reader finds and reads as it was read here.
bool keeps_adapter_alone(const Arguments& arguments, const ModuleArguments& model,
                         const Dataset& dataset, const TrainingArguments& training) {
  if (training.frozen) return true;
  if (!dataset.has_any_labels() || arguments.text("option") != "lora") return false;
  if (arguments.given("tokenizer") || arguments.given("config")) return false;
  const auto base = Checkpoint::open(model.model, model.open);
  return base.config().norm == NormKind::rmsnorm && base.stored().adapters.empty();
}

std::filesystem::path prediction_path(const FineTuningSetting& setting, const std::string& split,
                                      std::uint64_t seed, const std::filesystem::path& directory) {
  std::string method = setting.lora ? "lora" : "finetuning";
  if (!setting.dataset.recipe.empty() && setting.arguments.is_set("advanced")) method = "advanced";
  // Without directories of their own the seeds would overwrite each other's.
  if (directory.empty() && setting.training.n_seeds > 1) method += fmt::format("-seed-{}", seed);
  return out_path(setting.arguments, setting.dataset, split, method, directory);
}

/// Asks, before any work, whether everything that the run writes can be written.
void check_outputs(const FineTuningSetting& setting, std::uint64_t seed,
                   const std::filesystem::path& directory) {
  const auto& arguments = setting.arguments;
  if (arguments.given("test-out") && setting.data.test.empty()) {
    throw OptionError("--test-out has no effect without --test");
  }
  if (!directory.empty()) {
    check_output_directory("out-dir", directory, setting.model.model);
    const bool resumes =
        arguments.is_set("resume") && std::filesystem::exists(directory / kStateFile);
    if (!resumes && !arguments.is_set("force")) refuse_earlier_run(directory);
  }
  if (arguments.given("tensorboard")) {
    check_output_directory("tensorboard", arguments.text("tensorboard"), setting.model.model);
  }
  for (const std::string split : {"dev", "test"}) {
    if (split == "test" && setting.data.test.empty()) continue;
    if (!directory.empty() && !arguments.given(split + "-out")) continue;
    check_prediction_file(arguments, split, prediction_path(setting, split, seed, directory));
  }
}

struct Accuracies {
  double dev;
  std::optional<double> test;  ///< if there is a test set with labels that mean something
};

Accuracies run_seed(const FineTuningSetting& setting, std::uint64_t seed,
                    const std::filesystem::path& directory) {
  const auto& [program, arguments, model, dataset, training, data, lora, adapter_alone] = setting;
  const auto generator = make_generator(seed);
  auto classifier = make_classifier(setting, generator);
  std::optional<WeightInterpolation> weights;
  if (training.wise_ft_steps > 0) weights.emplace(classifier.model());
  auto run_report = std::isfinite(training.time_budget)
                        ? search(classifier, setting, directory)
                        : train(classifier, setting, generator, directory);
  if (weights) {
    weights->finish();
    choose_interpolation(classifier, *weights, data.dev, training.wise_ft_steps,
                         arguments.is_set("json"));
    if (!directory.empty()) write_trained(directory, classifier, setting);
  }
  EvaluationReport report{.json = arguments.is_set("json"), .quiet = model.quiet};
  if (!directory.empty()) {
    report.keep = [&](const Evaluation& evaluation) {
      add_evaluation(evaluation, classifier, run_report);
    };
  }
  auto with_calibration = report;
  if (!model.compatible) {
    with_calibration.calibrate = [&](double temperature) {
      classifier.model()->set_temperature(temperature);
      if (!directory.empty()) write_trained(directory, classifier, setting);
    };
  }
  Accuracies accuracies{.dev = evaluate(classifier, "dev", data.dev,
                                        prediction_path(setting, "dev", seed, directory),
                                        with_calibration)};
  if (!data.test.empty()) {
    report.labelled = dataset.test_is_labelled;
    const double accuracy = evaluate(classifier, "test", data.test,
                                     prediction_path(setting, "test", seed, directory), report);
    if (dataset.test_is_labelled) accuracies.test = accuracy;
  }
  if (directory.empty()) return accuracies;
  const auto use =
      fmt::format("{} -m {} \"A sentence .\"", program, shell_word(directory.native()));
  run_report.commands.insert(run_report.commands.begin(), {"The classifier in use", use});
  write_report(directory, run_report);
  if (!model.quiet) {
    note("the classifier is in {}; to use it: {}\n", directory.native(), use);
    note("what the run came to: {}\n", (directory / kReportFile).native());
  }
  return accuracies;
}

struct Statistics {
  double mean;
  double deviation;  ///< of the sample
};

Statistics statistics(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (n - 1))};
}

/// Of the runs with all seeds.
void print_statistics(const std::vector<double>& dev, const std::vector<double>& test, bool json) {
  Json line{{"seeds", dev.size()}};
  std::string words = fmt::format("{} seeds, mean (sd):", dev.size());
  for (const auto& [split, values] : {std::pair("dev", dev), std::pair("test", test)}) {
    if (values.empty()) continue;
    const auto [mean, deviation] = statistics(values);
    line[fmt::format("{}_accuracy_mean", split)] = mean;
    line[fmt::format("{}_accuracy_sd", split)] = deviation;
    words += fmt::format("{} {} accuracy {:.3f} ({:.3f})", split == std::string("dev") ? "" : ",",
                         split, mean, deviation);
  }
  print("{}\n", json ? line.dump() : words);
}

}  // namespace

void fine_tune(const std::string& program, const Arguments& arguments, const ModuleArguments& model,
               const Dataset& dataset) {
  const bool lora = arguments.text("option") == "lora";
  auto training = read_training_arguments(arguments, dataset, model.compatible, lora);
  auto data = read_training_data(arguments, dataset, model.quiet);
  training.classifier.label_names = data.label_names;
  if (training.label_words && !arguments.given("template")) {
    training.classifier.sentence_template = "{sentence} " + sentiment_question(data.label_names);
  }
  training.classifier.validate();
  draw_training_examples(arguments, data.label_names, data);
  read_targets(arguments, data);
  if (dataset.has_any_labels() && !model.compatible) {
    fit_to_examples(arguments, std::ssize(data.train), lora, training.fine_tuning);
  }
  const FineTuningSetting setting{
      program,  arguments, model, dataset,
      training, data,      lora,  keeps_adapter_alone(arguments, model, dataset, training)};
  const auto directory = out_directory(arguments, dataset);
  const auto directory_of = [&](std::uint64_t seed) {
    const bool one_of_several = !directory.empty() && training.n_seeds > 1;
    return one_of_several ? directory / fmt::format("seed-{}", seed) : directory;
  };
  std::vector<std::uint64_t> seeds(static_cast<std::size_t>(training.n_seeds));
  std::iota(seeds.begin(), seeds.end(), training.first_seed);
  for (const auto seed : seeds) check_outputs(setting, seed, directory_of(seed));
  warn_of_missing_labels(setting);
  if (directory.empty()) note("without --out-dir the trained classifier is not kept\n");
  if (!directory.empty() && !arguments.given("out-dir") && !model.quiet) {
    note("the classifier will be in {}; --out-dir names another place\n", directory.native());
  }
  if (dataset.has_any_labels() && !model.quiet) {
    note("{} examples: at most {} epochs in batches of {}, learning rate {}\n", data.train.size(),
         training.fine_tuning.epochs, training.fine_tuning.batches.size,
         training.fine_tuning.optimizer.lr);
  }

  std::vector<double> dev;
  std::vector<double> test;
  const bool json = arguments.is_set("json");
  for (const auto seed : seeds) {
    if (seeds.size() > 1)
      print("{}\n", json ? Json{{"seed", seed}}.dump() : fmt::format("seed {}", seed));
    const auto accuracies = run_seed(setting, seed, directory_of(seed));
    dev.push_back(accuracies.dev);
    if (accuracies.test) test.push_back(*accuracies.test);
  }
  if (seeds.size() > 1) print_statistics(dev, test, json);
}

}  // namespace minillama::app
