#include "minillama/train/fine_tuning.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/core/json.h"
#include "minillama/eval/confusion_matrix.h"
#include "minillama/eval/label_probabilities.h"
#include "minillama/model/frozen_model.h"
#include "minillama/nn/mode_scope.h"
#include "minillama/optim/parameter_groups.h"
#include "minillama/train/not_finite.h"
#include "minillama/train/run_settings.h"
#include "minillama/train/training_step.h"

namespace minillama {
namespace {

constexpr const char* kEpochs = "epochs";  // as train/run_settings.cpp calls them

/// Records of steps in a run, at most: more than a drawing has room for.
constexpr std::int64_t kRecords = 400;

AdamW make_optimizer(const Classifier& model, const FineTuningOptions& options) {
  require_module(model, "the classifier");
  options.validate();
  if (!options.compatible) {
    return AdamW(parameter_groups(*model, options.optimizer, options.learning_rates),
                 options.max_grad_norm);
  }
  std::vector<torch::Tensor> parameters;
  for (const auto& parameter : model->parameters()) {
    if (parameter.requires_grad()) parameters.push_back(parameter);
  }
  return AdamW(std::vector<AdamWGroup>{{std::move(parameters), options.optimizer}},
               options.max_grad_norm);
}

NamedTensors clone(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.detach().clone());
  return copies;
}

struct DevFigures {
  double loss;
  ConfusionMatrix matrix;
};

DevFigures evaluate(Classifier& model, const Examples& dev, std::int64_t batch_size) {
  const auto scores = label_log_probabilities(model, dev.ids, batch_size, dev.pad_id);
  const auto predicted = scores.argmax(-1);
  DevFigures figures{0, ConfusionMatrix(scores.size(1))};
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    const auto label = dev.labels[static_cast<std::size_t>(i)];
    figures.matrix.add(label, predicted[i].item<std::int64_t>());
    figures.loss -= scores[i][label].item<double>();
  }
  figures.loss /= static_cast<double>(scores.size(0));
  // A score that is no number would count as a prediction of some label.
  if (!scores.isfinite().all().item<bool>()) {
    throw DivergedError(fmt::format("the dev loss became {}", std::abs(figures.loss)));
  }
  return figures;
}

}  // namespace

FineTuning::FineTuning(Classifier model, Examples train, Examples dev,
                       const FineTuningOptions& options, torch::Generator generator,
                       std::shared_ptr<Objective> objective)
    : model_(std::move(model)),
      train_(std::move(train)),
      dev_(std::move(dev)),
      options_(options),
      generator_(std::move(generator)),
      objective_(std::move(objective)),
      optimizer_(make_optimizer(model_, options)),
      state_(options.save_every_seconds) {
  for (std::size_t i = 0; i < optimizer_.param_groups().size(); ++i) {
    learning_rates_.push_back(optimizer_.options(i).lr);
  }
  if (train_.size() == 0 || dev_.size() == 0) {
    throw OptionError(fmt::format("{} examples to train on and {} to evaluate on: both are needed",
                                  train_.size(), dev_.size()));
  }
  require_generator(generator_);
  epoch_start_ = generator_.get_state();
  if (!objective_) throw OptionError("a run without an objective");
  if (trainable().empty()) throw OptionError("the model has no parameter that is trained");
  for (const auto* examples : {&train_, &dev_}) {
    examples->validate(std::ssize(model_->config().label_names));
  }
  objective_->begin(model_);
  if (options.mixout > 0) mixout_.emplace(model_, options.mixout);
  if (options.average_decay > 0) average_.emplace(trainable(), options.average_decay);
}

void FineTuning::keep_state(const std::filesystem::path& path, bool resume) {
  const auto state = state_.open(path, settings(), resume, kEpochs);
  if (!state) return;
  const auto progress = FineTuningProgress::from_json(state->text("progress"), path);
  const Json started = parse_json(state->text("settings"), path);
  const auto epochs = JsonObject(started, path).integer(kEpochs);
  const bool is_prolonged = epochs != options_.epochs;
  if (is_prolonged && (!progress.finished || options_.epochs <= progress.epochs)) {
    throw OptionError(fmt::format(
        "the run in {} was started with another epochs: {}, now {}; only one that is finished is "
        "prolonged",
        quote(path.native(), 400), epochs, options_.epochs));
  }
  if (progress.best_epoch > 0) {
    best_ = clone(trainable());
    restore(best_, state->group("best"), path);
  }
  if (!progress.finished) {
    tensors().restore_from(*state, path);
    if (average_) restore(average_->tensors(), state->group("average"), path);
    restore(objective_->state(), state->group("objective"), path);
  }
  progress_ = progress;
  if (is_prolonged) prolong();
}

void FineTuning::prolong() {
  progress_.finished = false;
  progress_.begun = progress_.epochs;
  progress_.steps = 0;
  restore(trainable(), best_, state_.path());
  if (average_) average_.emplace(trainable(), options_.average_decay);
  objective_->begin(model_);
  // Other orders than those before.
  for (std::int64_t epoch = 0; epoch < progress_.begun; ++epoch) draw_batches();
}

FineTuning::Outcome FineTuning::run(const FineTuningHooks& hooks) {
  const PrecisionScope precision(options_.precision, model_->classifier_head->weight.device());
  while (!is_done()) {
    if (!train_epoch(hooks)) {
      save_state();
      return Outcome::stopped;
    }
    finish_epoch(hooks);
  }
  finish();
  return Outcome::finished;
}

void FineTuning::finish() {
  if (progress_.best_epoch == 0) throw OptionError("a run is finished before its first epoch");
  restore(trainable(), best_, state_.path());
  model_->eval();
  progress_.finished = true;
  save_state();
}

bool FineTuning::is_better(const EpochMetrics& metrics) const {
  if (progress_.best_epoch == 0) return true;
  const auto& best = progress_.metrics[static_cast<std::size_t>(progress_.best_epoch - 1)];
  const bool is_tie = metrics.dev_accuracy == best.dev_accuracy;
  return metrics.dev_accuracy > best.dev_accuracy ||
         (is_tie && options_.ties_by_loss && metrics.dev_loss < best.dev_loss);
}

bool FineTuning::is_done() const {
  const bool out_of_patience =
      options_.patience > 0 &&
      progress_.epochs - std::max(progress_.best_epoch, progress_.begun) >= options_.patience;
  return progress_.finished || progress_.epochs == options_.epochs || out_of_patience;
}

double FineTuning::step(std::span<const std::size_t> batch, std::int64_t divisor) {
  const auto gradient = [&] {
    return training_gradient(model_, train_, batch, divisor, objective_);
  };
  const double loss = mixout_ ? mixout_->mixed(generator_, gradient) : gradient();
  optimizer_.step();
  return loss;
}

bool FineTuning::train_epoch(const FineTuningHooks& hooks) {
  const auto batches = draw_batches();
  const auto n_batches = std::ssize(batches);
  const auto total_steps = n_batches * (options_.epochs - progress_.begun);
  const ScheduleOptions schedule{
      .shape = options_.schedule,
      .warmup_steps = static_cast<std::int64_t>(options_.warmup * static_cast<double>(total_steps)),
      .total_steps = total_steps};
  const ModeScope training(*model_, Mode::training);
  while (progress_.batches < n_batches) {
    const auto start = std::chrono::steady_clock::now();
    const auto& batch = batches[static_cast<std::size_t>(progress_.batches)];
    const auto divisor = options_.compatible ? options_.batches.size : std::ssize(batch);
    const double factor = learning_rate_factor(schedule, progress_.steps);
    for (std::size_t i = 0; i < learning_rates_.size(); ++i) {
      optimizer_.set_lr(i, learning_rates_[i] * factor);
    }
    const double loss = step(batch, divisor);
    if (const auto norm = optimizer_.last_grad_norm()) {
      require_finite("the gradient's norm", *norm, progress_.steps + 1);
    }

    ++progress_.batches;
    ++progress_.steps;
    if (average_) average_->update(progress_.steps);
    progress_.loss_sum += loss * static_cast<double>(divisor);
    progress_.examples += std::ssize(batch);
    for (const auto index : batch) progress_.tokens += std::ssize(train_.ids[index]);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    progress_.seconds += seconds.count();

    const double learning_rate = options_.optimizer.lr * factor;
    record(loss, learning_rate, n_batches, 1 + total_steps / kRecords);
    if (hooks.after_step) {
      hooks.after_step({progress_.epochs + 1, progress_.batches, n_batches, loss, learning_rate});
    }
    if (hooks.should_stop && hooks.should_stop()) return false;
    const bool due = state_.is_due() || (options_.save_every_steps > 0 &&
                                         progress_.steps % options_.save_every_steps == 0);
    if (due) save_state();
  }
  return true;
}

void FineTuning::record(double loss, double learning_rate, std::int64_t n_batches,
                        std::int64_t every) {
  progress_.record_loss += loss;
  if (++progress_.record_steps < every) return;
  const double epoch = static_cast<double>(progress_.epochs) +
                       static_cast<double>(progress_.batches) / static_cast<double>(n_batches);
  progress_.records.push_back(
      {epoch, progress_.record_loss / static_cast<double>(progress_.record_steps), learning_rate});
  progress_.record_loss = 0;
  progress_.record_steps = 0;
}

void FineTuning::finish_epoch(const FineTuningHooks& hooks) {
  if (hooks.before_evaluation) {
    save_state();
    hooks.before_evaluation();
  }
  std::optional<AveragedWeights> averaged(std::in_place, average_ ? &*average_ : nullptr);
  const auto [dev_loss, matrix] = evaluate(model_, dev_, options_.batches.size);
  require_finite(trainable());  // before anyone stores them as best
  const EpochMetrics metrics{
      .epoch = ++progress_.epochs,
      .train_loss = progress_.loss_sum / static_cast<double>(progress_.examples),
      .dev_loss = dev_loss,
      .dev_accuracy = matrix.accuracy(),
      .dev_macro_f1 = matrix.macro_f1(),
      .tokens_per_second = static_cast<double>(progress_.tokens) / progress_.seconds,
      .seconds = progress_.seconds};
  const bool is_best = is_better(metrics);
  progress_.metrics.push_back(metrics);
  if (is_best) {
    progress_.best_epoch = metrics.epoch;
    best_ = clone(trainable());
  }
  progress_.batches = 0;
  progress_.loss_sum = 0;
  progress_.examples = 0;
  progress_.tokens = 0;
  progress_.seconds = 0;
  // The caller's files first: killed in between, the run goes on from an earlier state and writes
  // the same again.
  if (hooks.after_epoch) hooks.after_epoch(metrics, is_best);
  averaged.reset();
  if (!is_done()) save_state();
}

std::vector<std::vector<std::size_t>> FineTuning::draw_batches() {
  const auto now = generator_.get_state();
  if (progress_.batches == 0) epoch_start_ = now;
  generator_.set_state(epoch_start_);
  auto batches = epoch_batches(lengths_of(train_.ids), options_.batches, generator_);
  if (progress_.batches > 0) generator_.set_state(now);
  return batches;
}

RunTensors FineTuning::tensors() {
  return {trainable(), optimizer_, generator_, {{"epoch_start", epoch_start_}}};
}

void FineTuning::save_state() {
  if (!state_.is_kept()) return;
  TrainingState state{.texts = {{"progress", progress_.to_json()}}};
  state.add("best", best_);
  if (!progress_.finished) {
    tensors().add_to(state);
    if (average_) state.add("average", average_->tensors());
    state.add("objective", objective_->state());
  }
  state_.save(std::move(state));
}

std::string FineTuning::settings() const {
  Json json{{"training examples (checksum)", checksum(train_)},
            {"dev examples (checksum)", checksum(dev_)},
            {"seed", generator_.current_seed()},
            {"objective", objective_->name()}};
  json.update(settings_of(model_));
  json.update(settings_of(options_));
  auto weights = parameters_of(*model_);
  for (auto& frozen : frozen_bytes(*model_)) weights.push_back(std::move(frozen));
  json["starting weights (checksum)"] = checksum(weights);
  return json.dump();
}

NamedTensors FineTuning::trainable() const {
  NamedTensors parameters = parameters_of(*model_);
  std::erase_if(parameters, [](const auto& item) { return !item.second.requires_grad(); });
  return parameters;
}

}  // namespace minillama
