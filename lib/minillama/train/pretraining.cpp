#include "minillama/train/pretraining.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/core/device.h"
#include "minillama/core/json.h"
#include "minillama/nn/dropout.h"
#include "minillama/nn/mode_scope.h"
#include "minillama/optim/parameter_groups.h"
#include "minillama/train/not_finite.h"
#include "minillama/train/parallel_gradients.h"
#include "minillama/train/run_settings.h"

namespace minillama {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

const PretrainingOptions& validated(const PretrainingOptions& options, const LanguageModel& model,
                                    const TokenFile& train, const TokenFile& valid) {
  require_module(model, "the language model");
  options.validate();
  const ModelConfig& config = model->config();
  for (const auto* ids : {&train, &valid}) {
    if (ids->source().vocab_size <= static_cast<std::uint64_t>(config.vocab_size)) continue;
    throw OptionError(fmt::format("{} holds ids of a vocabulary of {}, the model's has {}",
                                  quote(ids->path().native(), 400), ids->source().vocab_size,
                                  config.vocab_size));
  }
  if (options.window > config.max_seq_len) {
    throw OptionError(fmt::format("window is {}, the model's max_seq_len {}", options.window,
                                  config.max_seq_len));
  }
  return options;
}

std::int64_t windows_per_step(const PretrainingOptions& options) {
  return options.batch_size * options.accumulate;
}

std::int64_t number_of_steps(const PretrainingOptions& options, std::int64_t windows_per_epoch) {
  const double per_step = static_cast<double>(windows_per_step(options));
  const double windows = options.epochs * static_cast<double>(windows_per_epoch);
  const double steps =
      options.steps > 0 ? static_cast<double>(options.steps) : std::max(1.0, windows / per_step);
  // Beyond any run, and what an int64 counts.
  constexpr double kMostTokens = 1e18;
  if (const double tokens = steps * per_step * static_cast<double>(options.window);
      tokens > kMostTokens) {
    throw OptionError(
        fmt::format("{:.3g} steps of {:.3g} tokens: more than any run has", steps, tokens / steps));
  }
  return static_cast<std::int64_t>(steps);
}

std::int64_t warmup_steps(const PretrainingOptions& options, std::int64_t n_steps) {
  constexpr std::int64_t kUsual = 100;
  return options.warmup_steps.value_or(std::min(kUsual, n_steps / 10));
}

}  // namespace

Pretraining::Pretraining(LanguageModel model, TokenFile train, TokenFile valid,
                         const PretrainingOptions& options, torch::Generator generator)
    : model_(std::move(model)),
      train_(std::move(train)),
      valid_(std::move(valid)),
      options_(validated(options, model_, train_, valid_)),
      generator_(std::move(generator)),
      optimizer_(parameter_groups(*model_, options.optimizer), options.max_grad_norm),
      windows_(train_, options.window, options.seed),
      n_steps_(number_of_steps(options, windows_.per_epoch())),
      state_(options.save_every_seconds) {
  Windows(valid_, options.window);  // there is one
}

void Pretraining::keep_state(const std::filesystem::path& path, bool resume) {
  const auto state = state_.open(path, settings(), resume);
  if (!state) return;
  auto progress = PretrainingProgress::from_json(state->text("progress"), path);
  tensors().restore_from(*state, path);
  progress_ = std::move(progress);
}

Pretraining::Outcome Pretraining::run(const PretrainingHooks& hooks) {
  PrecisionScope(options_.precision, model_->llama->device());  // there is one
  while (true) {
    if (evaluation_is_due()) {
      if (hooks.before_evaluation) {
        save_state();
        hooks.before_evaluation();
      }
      record(/*evaluate=*/true, hooks);
      save_state();
    }
    if (progress_.steps >= n_steps_) break;
    const double start = now();
    const double loss = step();
    const double seconds = now() - start;
    ++progress_.steps;
    progress_.seconds += seconds;
    progress_.loss_sum += loss;
    ++progress_.loss_count;
    progress_.loss_seconds += seconds;

    if (hooks.after_step) hooks.after_step(progress_.steps, n_steps_, loss);
    const bool evaluates = evaluation_is_due();
    if (!evaluates && progress_.steps % options_.record_every == 0)
      record(/*evaluate=*/false, hooks);
    const bool stop = progress_.steps < n_steps_ && hooks.should_stop && hooks.should_stop();
    if (stop || (!evaluates && state_.is_due())) save_state();
    if (stop) return Outcome::stopped;
  }
  model_->eval();
  return Outcome::finished;
}

bool Pretraining::evaluation_is_due() const {
  const bool is_wanted = progress_.steps > 0 && (progress_.steps % options_.evaluate_every == 0 ||
                                                 progress_.steps == n_steps_);
  const bool is_done =
      !progress_.records.empty() && progress_.records.back().step == progress_.steps;
  return is_wanted && !is_done;
}

double Pretraining::step() {
  const SerialLibTorch serial;
  const ModeScope training(*model_, Mode::training);
  optimizer_.set_lr(options_.optimizer.lr *
                    learning_rate_factor({.shape = options_.schedule,
                                          .warmup_steps = warmup_steps(options_, n_steps_),
                                          .total_steps = n_steps_,
                                          .cooldown_steps = options_.cooldown_steps,
                                          .floor = options_.floor},
                                         progress_.steps));
  const double loss = compute_gradients();
  require_finite("the loss", loss, progress_.steps + 1);
  optimizer_.step();
  progress_.learning_rate = optimizer_.options().lr;
  progress_.grad_norm = optimizer_.last_grad_norm().value_or(0);
  require_finite("the gradient's norm", progress_.grad_norm, progress_.steps + 1);
  return loss;
}

double Pretraining::compute_gradients() {
  std::vector<torch::Tensor> batches;
  const auto first = progress_.steps * windows_per_step(options_);
  for (std::int64_t pass = 0; pass < options_.accumulate; ++pass) {
    batches.push_back(windows_.rows(first + pass * options_.batch_size, options_.batch_size));
  }
  const auto generators = pass_generators(*model_, options_.accumulate);
  const auto divisor = windows_per_step(options_) * options_.window;
  const PrecisionScope precision(options_.precision, model_->llama->device());
  model_->zero_grad(/*set_to_none=*/true);
  return parallel_gradients(model_->parameters(), options_.accumulate, [&](std::int64_t pass) {
    const auto i = static_cast<std::size_t>(pass);
    const DropoutScope scope(generators[i]);
    return language_modelling_loss(model_, batches[i], divisor);
  });
}

void Pretraining::record(bool evaluate, const PretrainingHooks& hooks) {
  const auto windows = static_cast<double>(windows_per_step(options_));
  const auto tokens_per_step = windows_per_step(options_) * options_.window;
  PretrainingRecord record{
      .step = progress_.steps,
      .tokens = progress_.steps * tokens_per_step,
      .epoch = static_cast<double>(progress_.steps) * windows /
               static_cast<double>(windows_.per_epoch()),
      .learning_rate = progress_.learning_rate,
      .train_loss = progress_.loss_sum / static_cast<double>(progress_.loss_count),
      .grad_norm = progress_.grad_norm,
      .tokens_per_second =
          static_cast<double>(progress_.loss_count * tokens_per_step) / progress_.loss_seconds,
      .seconds = progress_.seconds};
  progress_.loss_sum = 0;
  progress_.loss_count = 0;
  progress_.loss_seconds = 0;

  bool is_best = false;
  std::optional<ModeScope> evaluating;  // for the caller, too
  if (evaluate) {
    evaluating.emplace(*model_, Mode::evaluation);
    const PrecisionScope precision(options_.precision, model_->llama->device());
    record.valid = evaluate_language_model(model_, valid_, options_.window, options_.valid_windows);
    require_finite("the validation loss", record.valid->loss, progress_.steps);
    require_finite(parameters_of(*model_));
    is_best = std::ranges::all_of(progress_.records, [&](const auto& earlier) {
      return !earlier.valid || record.valid->loss < earlier.valid->loss;
    });
  }
  progress_.records.push_back(record);
  // The caller's files before the state: killed in between, the run goes on from an earlier state
  // and writes the same again.
  if (hooks.after_record) hooks.after_record(record, is_best);
}

std::string Pretraining::settings() const {
  Json json = settings_of(model_->config());
  json["training text (checksum of its ids)"] = train_.checksum();
  json["validation text (checksum of its ids)"] = valid_.checksum();
  json.update(settings_of(options_));
  json["starting weights (checksum)"] = checksum(parameters_of(*model_));
  return json.dump();
}

RunTensors Pretraining::tensors() {
  return {parameters_of(*model_), optimizer_, generator_};
}

void Pretraining::save_state() {
  if (!state_.is_kept()) return;
  TrainingState state{.texts = {{"progress", progress_.to_json()}}};
  tensors().add_to(state);
  state_.save(std::move(state));
}

}  // namespace minillama
