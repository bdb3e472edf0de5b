#include "minillama/train/pretraining.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <torch/autograd.h>

#include "minillama/core/check.h"
#include "minillama/core/device.h"
#include "minillama/core/json.h"
#include "minillama/nn/mode_scope.h"
#include "minillama/nn/parallel_parts.h"
#include "minillama/optim/parameter_groups.h"
#include "minillama/train/run_settings.h"
#include "minillama/train/run_state.h"

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

std::int64_t number_of_steps(const PretrainingOptions& options, std::size_t windows_per_epoch) {
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

void add_all(const std::vector<torch::Tensor>& sums, const std::vector<torch::Tensor>& terms) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i].add_(terms[i]);
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
      windows_(train_, options.window, options.seed, 0),
      n_steps_(number_of_steps(options, windows_.order.size())),
      save_clock_(options.save_every_seconds) {
  Windows(valid_, options.window);  // there is one
}

void Pretraining::keep_state(const std::filesystem::path& path, bool resume) {
  state_path_ = path;
  start_checksum_ = checksum(parameters_of(*model_));
  if (!std::filesystem::exists(path)) return;
  if (!resume) {
    throw OptionError(fmt::format("{} is of an earlier run: resume it or remove the file",
                                  quote(path.native(), 400)));
  }
  load_state(read_training_state(path));
}

Pretraining::Outcome Pretraining::run(const PretrainingHooks& hooks) {
  PrecisionScope(options_.precision, model_->output_weight().device());  // there is one
  while (true) {
    if (evaluation_is_due()) {
      if (hooks.before_evaluation) {
        save_state();
        hooks.before_evaluation();
      }
      record(/*evaluate=*/true, hooks);
      save_state();
    }
    if (steps_ >= n_steps_) break;
    const double start = now();
    const double loss = step();
    const double seconds = now() - start;
    ++steps_;
    seconds_ += seconds;
    loss_sum_ += loss;
    ++loss_count_;
    loss_seconds_ += seconds;

    if (hooks.after_step) hooks.after_step(steps_, n_steps_, loss);
    const bool evaluates = evaluation_is_due();
    if (!evaluates && steps_ % options_.record_every == 0) record(/*evaluate=*/false, hooks);
    const bool stop = steps_ < n_steps_ && hooks.should_stop && hooks.should_stop();
    if (stop || (!evaluates && save_clock_.is_due())) save_state();
    if (stop) return Outcome::stopped;
  }
  model_->eval();
  return Outcome::finished;
}

bool Pretraining::evaluation_is_due() const {
  const bool is_wanted =
      steps_ > 0 && (steps_ % options_.evaluate_every == 0 || steps_ == n_steps_);
  const bool is_done = !records_.empty() && records_.back().step == steps_;
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
                                         steps_));
  const double loss = compute_gradients();
  if (!std::isfinite(loss)) {
    throw DivergedError(fmt::format("the loss became {} in step {}", loss, steps_ + 1));
  }
  optimizer_.step();
  learning_rate_ = optimizer_.options().lr;
  grad_norm_ = optimizer_.last_grad_norm().value_or(0);
  if (const auto norm = optimizer_.last_grad_norm(); norm && !std::isfinite(*norm)) {
    throw DivergedError(fmt::format("the gradient's norm became {} in step {}", *norm, steps_ + 1));
  }
  return loss;
}

double Pretraining::compute_gradients() {
  std::vector<torch::Tensor> batches;
  for (std::int64_t pass = 0; pass < options_.accumulate; ++pass) batches.push_back(rows(pass));
  const auto parameters = model_->parameters();
  const auto device = model_->output_weight().device();
  const auto divisor = windows_per_step(options_) * options_.window;

  // Dropout draws from one generator, so there passes go in turn.
  const bool in_turn = !device.is_cpu() || model_->config().dropout > 0;
  const auto n_workers = in_turn ? 1 : std::min<std::int64_t>(threads(), options_.accumulate);
  std::vector<std::vector<torch::Tensor>> grads(static_cast<std::size_t>(n_workers));
  std::vector<double> losses(static_cast<std::size_t>(n_workers));
  const PrecisionScope precision(options_.precision, device);
  parallel_parts(device, n_workers, [&](std::int64_t worker) {
    auto& sums = grads[static_cast<std::size_t>(worker)];
    const auto end = (worker + 1) * options_.accumulate / n_workers;
    for (auto pass = worker * options_.accumulate / n_workers; pass < end; ++pass) {
      const auto loss =
          language_modelling_loss(model_, batches[static_cast<std::size_t>(pass)], divisor);
      losses[static_cast<std::size_t>(worker)] += loss.item<double>();
      auto parts = torch::autograd::grad({loss}, parameters);
      if (sums.empty()) {
        sums = std::move(parts);
      } else {
        add_all(sums, parts);
      }
    }
  });
  for (std::size_t worker = 1; worker < grads.size(); ++worker) add_all(grads[0], grads[worker]);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i].mutable_grad() = grads[0][i];
  }
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

torch::Tensor Pretraining::rows(std::int64_t pass) {
  const auto per_epoch = std::ssize(windows_.order);
  std::int64_t place = steps_ * windows_per_step(options_) + pass * options_.batch_size;
  std::vector<torch::Tensor> parts;
  // A pass may begin in one epoch and end in the next.
  for (std::int64_t left = options_.batch_size; left > 0;) {
    if (const auto epoch = place / per_epoch; epoch != epoch_) {
      windows_ = EpochWindows(train_, options_.window, options_.seed, epoch);
      epoch_ = epoch;
    }
    const auto begin = place % per_epoch;
    const auto count = std::min(left, per_epoch - begin);
    parts.push_back(windows_.windows.rows(
        std::span(windows_.order)
            .subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count))));
    place += count;
    left -= count;
  }
  return torch::cat(parts);
}

void Pretraining::record(bool evaluate, const PretrainingHooks& hooks) {
  const auto windows = static_cast<double>(windows_per_step(options_));
  const auto tokens_per_step = windows_per_step(options_) * options_.window;
  PretrainingRecord record{
      .step = steps_,
      .tokens = steps_ * tokens_per_step,
      .epoch = static_cast<double>(steps_) * windows / static_cast<double>(windows_.order.size()),
      .learning_rate = learning_rate_,
      .train_loss = loss_sum_ / static_cast<double>(loss_count_),
      .grad_norm = grad_norm_,
      .tokens_per_second = static_cast<double>(loss_count_ * tokens_per_step) / loss_seconds_,
      .seconds = seconds_};
  loss_sum_ = 0;
  loss_count_ = 0;
  loss_seconds_ = 0;

  bool is_best = false;
  std::optional<ModeScope> evaluating;  // for the caller, too
  if (evaluate) {
    evaluating.emplace(*model_, Mode::evaluation);
    const PrecisionScope precision(options_.precision, model_->output_weight().device());
    record.valid = evaluate_language_model(model_, valid_, options_.window, options_.valid_windows);
    if (!std::isfinite(record.valid->loss)) {
      throw DivergedError(fmt::format("the validation loss became {} in step {}",
                                      std::abs(record.valid->loss), steps_));
    }
    require_finite(parameters_of(*model_));
    is_best = std::ranges::all_of(records_, [&](const auto& earlier) {
      return !earlier.valid || record.valid->loss < earlier.valid->loss;
    });
  }
  records_.push_back(record);
  // The caller's files before the state: killed in between, the run goes on from an earlier state
  // and writes the same again.
  if (hooks.after_record) hooks.after_record(record, is_best);
}

std::string Pretraining::settings() const {
  Json json;
  write_model_config(model_->config(), json);
  json["training text (checksum of its ids)"] = train_.checksum();
  json["validation text (checksum of its ids)"] = valid_.checksum();
  json.update(settings_of(options_));
  json["starting weights (checksum)"] = start_checksum_;
  return json.dump();
}

std::string Pretraining::progress() const {
  std::vector<std::string> lines;
  for (const auto& record : records_) lines.push_back(to_json_line(record));
  const Json json{{"steps", steps_},
                  {"seconds", seconds_},
                  {"loss_sum", number_to_json(loss_sum_)},
                  {"loss_count", loss_count_},
                  {"loss_seconds", loss_seconds_},
                  {"learning_rate", number_to_json(learning_rate_)},
                  {"grad_norm", number_to_json(grad_norm_)},
                  {"records", lines}};
  return json.dump();
}

void Pretraining::save_state() {
  if (state_path_.empty()) return;
  require_finite(parameters_of(*model_));
  save_clock_.begin();
  TrainingState state{.texts = {{"progress", progress()}, {"settings", settings()}}};
  state.add("model", parameters_of(*model_));
  state.add("optimizer", optimizer_.export_state());
  state.add("generator", {{"now", generator_.get_state()}});
  write_training_state(state_path_, state);
  save_clock_.end();
}

void Pretraining::load_state(const TrainingState& state) {
  require_same_settings(Json::parse(settings()), parse_json(state.text("settings"), state_path_),
                        state_path_);
  const Json json = parse_json(state.text("progress"), state_path_);
  const JsonObject fields(json, state_path_);
  auto generator_state = generator_.get_state();
  restore({{"now", generator_state}}, state.group("generator"), state_path_);
  optimizer_.import_state(state.group("optimizer"));
  restore(parameters_of(*model_), state.group("model"), state_path_);
  generator_.set_state(generator_state);
  steps_ = fields.integer("steps");
  seconds_ = fields.number("seconds");
  loss_sum_ = fields.any_number("loss_sum");
  learning_rate_ = fields.any_number("learning_rate");
  grad_norm_ = fields.any_number("grad_norm");
  loss_count_ = fields.integer("loss_count");
  loss_seconds_ = fields.number("loss_seconds");
  for (const auto& line : fields.strings("records")) {
    records_.push_back(pretraining_record_from_json(line, state_path_));
  }
}

}  // namespace minillama
