#include "common/fine_tune.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/version.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/directory_lock.h"
#include "minillama/io/event_file.h"
#include "minillama/model/adapters.h"
#include "minillama/model/classifier_file.h"
#include "minillama/model/label_word_head.h"
#include "minillama/model/module_text_classifier.h"
#include "minillama/model/peft_module.h"
#include "minillama/report/comparison.h"
#include "minillama/text/sentiment_prompt.h"
#include "minillama/train/fine_tuning.h"

#include "common/classify_arguments.h"
#include "common/evaluate.h"
#include "common/evaluation_arguments.h"
#include "common/fine_tuning_report.h"
#include "common/interrupts.h"
#include "common/output.h"
#include "common/output_files.h"
#include "common/progress_bar.h"
#include "common/run_reports.h"
#include "common/setting_search.h"
#include "common/settings_file.h"
#include "common/time_budget.h"
#include "common/training_arguments.h"
#include "common/training_data.h"
#include "common/wise_ft.h"

namespace minillama::app {
namespace {

/// The files in --out-dir beside the classifier's own.
constexpr const char* kStateFile = "training.safetensors";
constexpr const char* kMetricsFile = "metrics.jsonl";
constexpr const char* kSettingsFile = "settings.json";

constexpr const char* kStopped = "stopped and saved; --resume goes on from here\n";
constexpr const char* kStoppedUnsaved = "stopped; without --out-dir nothing was saved\n";
constexpr const char* kStoppedSearch = "stopped; the best classifier so far is kept\n";

/// Everything that the runs of all seeds share.
struct Setting {
  const std::string& program;
  const Arguments& arguments;
  const ModuleArguments& model;
  const Dataset& dataset;
  const TrainingArguments& training;
  const TrainingData& data;
  bool lora;
  bool adapter_alone;  ///< is what --out-dir keeps
};

/// The language model with a new head and, if wanted, new adapters.
ModuleTextClassifier make_classifier(const Setting& setting, const torch::Generator& generator) {
  LoadOptions load = setting.model.load;
  load.generator = generator;
  load.frozen = setting.training.frozen;
  auto checkpoint = Checkpoint::open(setting.model.model, setting.model.open);
  auto tokenizer = checkpoint.tokenizer();
  auto language_model = read_language_model(std::move(checkpoint), load);
  auto& llama = language_model->llama;
  if (const auto adapter = active_adapter(llama); !adapter.empty()) {
    absorb_adapter(llama);
    if (!setting.model.quiet) {
      note("the model's adapter {} became part of its weights\n", quote(adapter));
    }
  }
  llama->reset_last_layers(setting.training.new_layers, generator);
  const std::string name = setting.dataset.name.empty() ? "labels" : setting.dataset.name;
  if (setting.lora) add_adapter(llama, name, setting.training.adapter, generator);
  Classifier model(llama, setting.training.classifier, generator);
  if (setting.training.label_words) {
    set_label_words(model, language_model->output_weight(), tokenizer);
  }
  if (setting.lora) train_only_adapter(llama, name);
  llama->set_recompute(setting.training.recompute);
  if (!setting.training.head_has_bias) {
    model->classifier_head->bias.set_requires_grad(false).zero_();
  }
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

/// Says, before anything is trained, what the training set makes doubtful.
void warn_of_missing_labels(const Setting& setting) {
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

/// Writes what --out-dir keeps: the whole classifier, or the adapter.
void write(const std::filesystem::path& directory, ModuleTextClassifier& classifier,
           const Setting& setting) {
  if (!setting.adapter_alone) {
    return write_classifier(directory, classifier.model(), classifier.tokenizer());
  }
  // With those of a whole model, which may have been here, the directory would be taken for it.
  for (const auto* file : {"config.json", "model.safetensors"}) remove_file(directory / file);
  const auto base = std::filesystem::proximate(std::filesystem::absolute(setting.model.model),
                                               std::filesystem::absolute(directory));
  write_peft_adapter(directory, classifier.model(), base.native());
}

FineTuning make_run(ModuleTextClassifier& classifier, const Setting& setting,
                    const torch::Generator& generator) {
  const auto& training = setting.training;
  auto train_examples = encode(classifier, setting.data.train);
  auto dev_examples = encode(classifier, setting.data.dev);
  if (const auto n = train_examples.n_shortened + dev_examples.n_shortened; n > 0) {
    note("{} sentences were shortened to fit\n", n);
  }
  weigh_classes(setting.arguments, std::ssize(training.classifier.label_names), train_examples);
  train_examples.targets = setting.data.targets;
  return {classifier.model(),
          std::move(train_examples),
          std::move(dev_examples),
          training.fine_tuning,
          generator,
          make_objective(training.objective)};
}

void add_step(EventFile& events, std::int64_t step, const StepReport& report) {
  const std::vector<EventScalar> scalars{{"loss/train", report.loss},
                                         {"learning_rate", report.learning_rate}};
  events.add(step, scalars);
}

void add_epoch(EventFile& events, std::int64_t step, const EpochMetrics& metrics) {
  const std::vector<EventScalar> scalars{{"loss/dev", metrics.dev_loss},
                                         {"accuracy/dev", metrics.dev_accuracy},
                                         {"macro_f1/dev", metrics.dev_macro_f1},
                                         {"tokens_per_second", metrics.tokens_per_second}};
  events.add(step, scalars);
}

/// The folder of --tensorboard that a seed's events go to; empty: none.
std::filesystem::path event_directory(const Setting& setting, std::uint64_t seed) {
  const std::filesystem::path directory = setting.arguments.text("tensorboard");
  const bool one_of_several = !directory.empty() && setting.training.n_seeds > 1;
  return one_of_several ? directory / fmt::format("seed-{}", seed) : directory;
}

/// What the data is like, which is said before the first seed's run and told by every report.
TrainingDataCheck look_at_data(ModuleTextClassifier& classifier, const Setting& setting) {
  const auto context = classifier.model()->llama->config().max_seq_len;
  const auto wanted = classifier.options().max_sentence_len;
  return check_training_data(setting.data, classifier.tokenizer(),
                             wanted > 0 ? std::min(wanted, context) : context);
}

/// What there is to tell of a run before it is evaluated, for `directory`.
RunReport report_of(const FineTuning& run, const Setting& setting, const TrainingDataCheck& check,
                    const std::filesystem::path& directory) {
  auto report =
      begin_report(setting.arguments, directory, run.settings(), {{"LibTorch", TORCH_VERSION}});
  report.data = check.report;
  report.summary.figures = {{"dev accuracy of the most frequent label", check.majority_accuracy},
                            {"dev accuracy of naive Bayes", check.naive_bayes_accuracy}};
  add_training(run, report);
  return report;
}

/// Makes the folder of a run ready, and locks it: an earlier run is left in it to --resume only.
void open_directory(const std::filesystem::path& directory, const Setting& setting,
                    std::optional<DirectoryLock>& lock) {
  make_directory(directory);
  lock.emplace(directory);
  if (setting.arguments.is_set("force")) {
    for (const auto* file : {kStateFile, kReportFile, kSummaryFile}) remove_file(directory / file);
  }
}

/// Where --settings finds this run's, which those of all seeds share.
void write_settings(const Setting& setting) {
  const std::filesystem::path directory = setting.arguments.text("out-dir");
  write_settings(directory / kSettingsFile, setting.arguments);
}

/// Trains `classifier`, leaves it with the best epoch's weights, and returns what there is to tell
/// of the run so far, if it is kept in `directory`.
RunReport train(ModuleTextClassifier& classifier, const Setting& setting,
                const torch::Generator& generator, const std::filesystem::path& directory) {
  const auto& arguments = setting.arguments;
  const auto& model = setting.model;
  const auto& training = setting.training;
  auto run = make_run(classifier, setting, generator);
  std::optional<DirectoryLock> lock;
  if (!directory.empty()) {
    open_directory(directory, setting, lock);
    run.keep_state(directory / kStateFile, arguments.is_set("resume"));
    write_settings(setting);
  }
  std::optional<EventFile> events;
  const auto seed = generator.current_seed();
  if (const auto path = event_directory(setting, seed); !path.empty()) events.emplace(path);
  // Nothing is left that could be refused.
  const auto check = look_at_data(classifier, setting);
  if (!model.quiet && seed == training.first_seed) tell(check);

  Interrupts interrupts;
  const char* stopped = model.quiet ? "" : directory.empty() ? kStoppedUnsaved : kStopped;
  ProgressBar bar(model.quiet);
  const auto report_step = [&](const StepReport& step) {
    const auto done = (step.epoch - 1) * step.n_batches + step.batch;
    if (events) add_step(*events, run.steps(), step);
    bar.update(fmt::format("epoch {}/{}", step.epoch, training.fine_tuning.epochs), done,
               training.fine_tuning.epochs * step.n_batches,
               fmt::format("loss {}", number(step.loss, 3)));
  };
  const auto before_evaluation = [&] {
    bar.clear();
    interrupts.end_at_once(stopped);
  };
  const auto report_epoch = [&](const EpochMetrics& metrics, bool is_best) {
    interrupts.resume_noting();
    // First what is kept: printing may fail and end the run.
    if (!directory.empty()) {
      if (is_best) write(directory, classifier, setting);
      write_metrics(directory / kMetricsFile, run.metrics());
    }
    if (events) add_epoch(*events, run.steps(), metrics);
    bar.clear();
    print_epoch(metrics, is_best, arguments.is_set("json"));
  };
  run.run({.after_step = report_step,
           .before_evaluation = before_evaluation,
           .after_epoch = report_epoch,
           .should_stop = [&] { return interrupts.signal() != 0; }});
  if (interrupts.signal() == 0) {
    return directory.empty() ? RunReport() : report_of(run, setting, check, directory);
  }
  bar.clear();
  write_message(stopped);
  throw Interrupted{interrupts.signal()};
}

void print_setting(const TrainingSetting& setting, const EpochMetrics& best_epoch, bool is_best,
                   bool json) {
  if (json) {
    print("{}\n", Json{{"lr", setting.lr},
                       {"epochs", setting.epochs},
                       {"best_epoch", best_epoch.epoch},
                       {"dev_loss", best_epoch.dev_loss},
                       {"dev_accuracy", best_epoch.dev_accuracy}}
                      .dump());
    return;
  }
  print_wrapped("learning rate {}, {} epochs: in epoch {} dev loss {}, accuracy {:.4f}{}\n",
                setting.lr, setting.epochs, best_epoch.epoch, number(best_epoch.dev_loss, 4),
                best_epoch.dev_accuracy, is_best ? " *" : "");
}

/// Trains with several settings within --time-budget, leaves `classifier` as the best of them, and
/// returns what there is to tell of that one's run, if it is kept in `directory`.
RunReport search(ModuleTextClassifier& classifier, const Setting& setting,
                 const std::filesystem::path& directory) {
  const auto& arguments = setting.arguments;
  const Deadline deadline(read_time_budget(arguments));
  std::optional<DirectoryLock> lock;
  if (!directory.empty()) {
    open_directory(directory, setting, lock);
    write_settings(setting);
  }
  const auto check = look_at_data(classifier, setting);
  if (!setting.model.quiet) tell(check);

  Interrupts interrupts;
  ProgressBar bar(setting.model.quiet);
  std::optional<SettingScore> best;
  RunReport report;
  const auto attempt = [&](const TrainingSetting& with) -> std::optional<SettingScore> {
    auto training = setting.training;
    training.fine_tuning.optimizer.lr = with.lr;
    training.fine_tuning.epochs = with.epochs;
    const Setting tried{setting.program, arguments,    setting.model, setting.dataset,
                        training,        setting.data, setting.lora,  setting.adapter_alone};
    const auto generator = make_generator(training.first_seed);
    auto candidate = make_classifier(tried, generator);
    auto run = make_run(candidate, tried, generator);
    const auto report_step = [&](const StepReport& step) {
      bar.update(fmt::format("lr {}", with.lr), (step.epoch - 1) * step.n_batches + step.batch,
                 with.epochs * step.n_batches, fmt::format("loss {}", number(step.loss, 3)));
    };
    const auto should_stop = [&] {
      // Of the first setting an epoch is to be had in any case.
      const bool may_end = best || run.best_epoch() > 0;
      return interrupts.signal() != 0 || (may_end && deadline.has_passed());
    };
    run.run({.after_step = report_step, .should_stop = should_stop});
    bar.clear();
    if (interrupts.signal() != 0) {
      write_message(best && !directory.empty() ? kStoppedSearch : "stopped; nothing was saved\n");
      throw Interrupted{interrupts.signal()};
    }
    if (run.best_epoch() == 0) return std::nullopt;
    run.finish();
    const auto& epoch = run.metrics()[static_cast<std::size_t>(run.best_epoch() - 1)];
    const SettingScore score{epoch.dev_accuracy, epoch.dev_loss};
    const bool is_best = !best || score.is_better_than(*best);
    if (is_best) {
      best = score;
      classifier = std::move(candidate);
      if (!directory.empty()) {
        write(directory, classifier, setting);
        write_metrics(directory / kMetricsFile, run.metrics());
        report = report_of(run, tried, check, directory);
      }
    }
    print_setting(with, epoch, is_best, arguments.is_set("json"));
    return score;
  };
  const auto& options = setting.training.fine_tuning;
  search_settings({options.optimizer.lr, options.epochs},
                  {.lr = arguments.given("lr"), .epochs = arguments.given("epochs")}, deadline,
                  attempt);
  return report;
}

std::filesystem::path prediction_path(const Setting& setting, const std::string& split,
                                      std::uint64_t seed, const std::filesystem::path& directory) {
  std::string method = setting.lora ? "lora" : "finetuning";
  // Without directories of their own the seeds would overwrite each other's.
  if (directory.empty() && setting.training.n_seeds > 1) method += fmt::format("-seed-{}", seed);
  return out_path(setting.arguments, setting.dataset, split, method, directory);
}

/// Asks, before any work, whether everything that the run writes can be written.
void check_outputs(const Setting& setting, std::uint64_t seed,
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

Accuracies run_seed(const Setting& setting, std::uint64_t seed,
                    const std::filesystem::path& directory) {
  const auto& [program, arguments, model, dataset, training, data, lora, adapter_alone] = setting;
  const auto generator = make_generator(seed);
  auto classifier = make_classifier(setting, generator);
  std::optional<WeightInterpolation> weights;
  if (training.wise_ft_steps > 0) weights.emplace(classifier.model());
  auto run_report = arguments.given("time-budget")
                        ? search(classifier, setting, directory)
                        : train(classifier, setting, generator, directory);
  if (weights) {
    weights->finish();
    choose_interpolation(classifier, *weights, data.dev, training.wise_ft_steps,
                         arguments.is_set("json"));
    if (!directory.empty()) write(directory, classifier, setting);
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
      if (!directory.empty()) write(directory, classifier, setting);
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
  const auto use = fmt::format("{} {} {} \"A sentence .\"", program,
                               dataset.has_any_labels() ? "-m" : "--model", directory.native());
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
  const Setting setting{
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
