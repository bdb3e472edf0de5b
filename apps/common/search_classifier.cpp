#include "common/search_classifier.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"

#include "common/interrupts.h"
#include "common/output.h"
#include "common/progress_bar.h"
#include "common/setting_search.h"
#include "common/time_budget.h"

namespace minillama::app {
namespace {

constexpr const char* kStoppedSearch = "stopped; the best classifier so far is kept\n";

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

}  // namespace

RunReport search(ModuleTextClassifier& classifier, const FineTuningSetting& setting,
                 const std::filesystem::path& directory) {
  const auto& arguments = setting.arguments;
  const Deadline deadline(setting.training.time_budget);
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
  std::optional<DivergedError> diverged;
  RunReport report;
  const auto attempt = [&](const TrainingSetting& with) -> std::optional<SettingScore> {
    auto training = setting.training;
    training.fine_tuning.optimizer.lr = with.lr;
    training.fine_tuning.epochs = with.epochs;
    const FineTuningSetting tried{
        setting.program, arguments,    setting.model, setting.dataset,
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
    try {
      run.run({.after_step = report_step, .should_stop = should_stop});
    } catch (const DivergedError& error) {
      bar.clear();
      note("learning rate {}, {} epochs: {}\n", with.lr, with.epochs, error.what());
      diverged = error;
      return std::nullopt;
    }
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
        write_trained(directory, classifier, setting);
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
  if (!best) throw DivergedError(diverged.value());
  return report;
}

}  // namespace minillama::app
