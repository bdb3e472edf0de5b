#include "common/train_classifier.h"

#include <optional>

#include <fmt/format.h>

#include "minillama/io/event_file.h"

#include "common/interrupts.h"
#include "common/output.h"
#include "common/progress_bar.h"

namespace minillama::app {
namespace {

constexpr const char* kStopped = "stopped and saved; --resume goes on from here\n";
constexpr const char* kStoppedUnsaved = "stopped; without --out-dir nothing was saved\n";

void print_epoch(const EpochMetrics& metrics, bool is_best, bool json) {
  if (json) {
    print("{}\n", to_json_line(metrics));
    return;
  }
  print_wrapped("epoch {}: loss {}, dev loss {}, accuracy {:.4f}, macro-F1 {:.4f}, {:.1f} s{}\n",
                metrics.epoch, number(metrics.train_loss, 4), number(metrics.dev_loss, 4),
                metrics.dev_accuracy, metrics.dev_macro_f1, metrics.seconds, is_best ? " *" : "");
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
std::filesystem::path event_directory(const FineTuningSetting& setting, std::uint64_t seed) {
  const std::filesystem::path directory = setting.arguments.text("tensorboard");
  const bool one_of_several = !directory.empty() && setting.training.n_seeds > 1;
  return one_of_several ? directory / fmt::format("seed-{}", seed) : directory;
}

}  // namespace

RunReport train(ModuleTextClassifier& classifier, const FineTuningSetting& setting,
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
      if (is_best) write_trained(directory, classifier, setting);
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

}  // namespace minillama::app
