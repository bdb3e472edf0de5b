#include "common/fine_tune.h"

#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "minillama/checkpoint/classifier_file.h"
#include "minillama/core/error.h"
#include "minillama/eval/text_classifier.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/directory_lock.h"
#include "minillama/model/lora.h"
#include "minillama/train/fine_tuning.h"

#include "common/classify_arguments.h"
#include "common/evaluate.h"
#include "common/interrupts.h"
#include "common/output.h"
#include "common/progress_bar.h"
#include "common/training_arguments.h"

namespace minillama::app {
namespace {

/// The files in --out-dir beside the classifier's own.
constexpr const char* kStateFile = "training.safetensors";
constexpr const char* kMetricsFile = "metrics.jsonl";

constexpr const char* kStopped = "stopped and saved; --resume goes on from here\n";
constexpr const char* kStoppedUnsaved = "stopped; without --out-dir nothing was saved\n";

/// Everything that the runs of all seeds share.
struct Setting {
  const Arguments& arguments;
  const ModelArguments& model;
  const Dataset& dataset;
  const TrainingArguments& training;
  const TrainingData& data;
  bool lora;
};

/// The language model with a new head and, if wanted, new adapters.
TextClassifier make_classifier(const Setting& setting, const torch::Generator& generator) {
  LoadOptions load = setting.model.load;
  load.generator = generator;
  auto language_model = read_language_model(setting.model.model, load);
  auto tokenizer =
      read_tokenizer_for(setting.model.model, language_model->config(), setting.model.tokenizer);
  auto& llama = language_model->llama;
  if (setting.lora) add_adapter(llama, setting.dataset.name, setting.training.lora, generator);
  Classifier model(llama, setting.training.classifier, generator);
  if (setting.lora) train_only_adapter(llama, setting.dataset.name);
  return {std::move(model),
          std::move(tokenizer),
          {.batch_size = setting.training.fine_tuning.batches.size,
           .max_sentence_len = setting.arguments.integer("max-sentence-len")}};
}

void print_epoch(const EpochMetrics& metrics, bool is_best, bool json) {
  if (json) {
    print("{}\n", to_json_line(metrics));
    return;
  }
  print_wrapped("epoch {}: loss {}, dev loss {}, accuracy {:.4f}, macro-F1 {:.4f}, {:.1f} s{}\n",
                metrics.epoch, number(metrics.train_loss, 4), number(metrics.dev_loss, 4),
                metrics.dev_accuracy, metrics.dev_macro_f1, metrics.seconds, is_best ? " *" : "");
}

/// Trains `classifier` and leaves it with the best epoch's weights.
void train(TextClassifier& classifier, const Setting& setting, const torch::Generator& generator,
           const std::filesystem::path& directory) {
  const auto& [arguments, model, dataset, training, data, lora] = setting;
  auto train_examples = encode(classifier, data.train);
  auto dev_examples = encode(classifier, data.dev);
  if (classifier.n_shortened() > 0 && !model.quiet) {
    note("{} sentences were shortened to fit\n", classifier.n_shortened());
  }
  FineTuning run(classifier.model(), std::move(train_examples), std::move(dev_examples),
                 training.fine_tuning, generator);
  std::optional<DirectoryLock> lock;
  if (!directory.empty()) {
    make_directory(directory);
    lock.emplace(directory);
    run.keep_state(directory / kStateFile, arguments.is_set("resume"));
  }

  Interrupts interrupts;
  const char* stopped = model.quiet ? "" : directory.empty() ? kStoppedUnsaved : kStopped;
  ProgressBar bar(model.quiet);
  const auto report_step = [&](const StepReport& step) {
    bar.update(fmt::format("epoch {}/{}", step.epoch, training.fine_tuning.epochs), step.batch,
               step.n_batches, fmt::format("loss {}", number(step.loss, 3)));
  };
  const auto before_evaluation = [&] {
    bar.clear();
    interrupts.end_at_once(stopped);
  };
  const auto report_epoch = [&](const EpochMetrics& metrics, bool is_best) {
    interrupts.resume_noting();
    // First what is kept: printing may fail and end the run.
    if (!directory.empty()) {
      if (is_best) write_classifier(directory, classifier.model(), classifier.tokenizer());
      write_metrics(directory / kMetricsFile, run.metrics());
    }
    bar.clear();
    print_epoch(metrics, is_best, arguments.is_set("json"));
  };
  run.run({.after_step = report_step,
           .before_evaluation = before_evaluation,
           .after_epoch = report_epoch,
           .should_stop = [&] { return interrupts.signal() != 0; }});
  if (interrupts.signal() == 0) return;
  bar.clear();
  write_message(stopped);
  throw Interrupted{interrupts.signal()};
}

struct Accuracies {
  double dev;
  std::optional<double> test;  ///< if there is a test set with labels that mean something
};

Accuracies run_seed(const Setting& setting, std::uint64_t seed,
                    const std::filesystem::path& directory) {
  const auto& [arguments, model, dataset, training, data, lora] = setting;
  const auto generator = make_generator(seed);
  auto classifier = make_classifier(setting, generator);
  train(classifier, setting, generator, directory);

  const std::string method = lora ? "lora" : "finetuning";
  Accuracies accuracies{.dev = evaluate(classifier, "dev", data.dev,
                                        out_path(arguments, dataset, "dev", method, directory),
                                        /*labelled=*/true, model.quiet)};
  if (!data.test.empty()) {
    const double accuracy = evaluate(classifier, "test", data.test,
                                     out_path(arguments, dataset, "test", method, directory),
                                     dataset.test_is_labelled, model.quiet);
    if (dataset.test_is_labelled) accuracies.test = accuracy;
  }
  return accuracies;
}

/// "0.411 (0.025)", mean and sample standard deviation.
std::string mean_and_deviation(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return fmt::format("{:.3f} ({:.3f})", mean, std::sqrt(squares / (n - 1)));
}

}  // namespace

void fine_tune(const Arguments& arguments, const ModelArguments& model, const Dataset& dataset,
               bool lora) {
  if (!arguments.positional().empty()) {
    throw OptionError(fmt::format("unexpected argument {}: --option finetune and lora train",
                                  quote(arguments.positional().front())));
  }
  if (arguments.is_set("resume") && !arguments.given("out-dir")) {
    throw OptionError("--resume needs the --out-dir of the run");
  }
  const auto training = read_training_arguments(arguments, dataset, model.compatible, lora);
  const auto data =
      read_training_data(arguments, dataset, std::ssize(training.classifier.label_names));
  const Setting setting{arguments, model, dataset, training, data, lora};
  const std::filesystem::path directory = arguments.text("out-dir");
  if (training.n_seeds == 1) {
    run_seed(setting, training.first_seed, directory);
    return;
  }

  std::vector<double> dev;
  std::vector<double> test;
  for (std::int64_t i = 0; i < training.n_seeds; ++i) {
    const auto seed = training.first_seed + static_cast<std::uint64_t>(i);
    print("seed {}\n", seed);
    const auto accuracies =
        run_seed(setting, seed, directory.empty() ? "" : directory / fmt::format("seed-{}", seed));
    dev.push_back(accuracies.dev);
    if (accuracies.test) test.push_back(*accuracies.test);
  }
  print("{} seeds, mean (sd): dev accuracy {}", training.n_seeds, mean_and_deviation(dev));
  if (!test.empty()) print(", test accuracy {}", mean_and_deviation(test));
  print("\n");
}

}  // namespace minillama::app
