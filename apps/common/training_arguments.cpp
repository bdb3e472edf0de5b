#include "common/training_arguments.h"

#include <charconv>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/train/class_weights.h"

#include "common/adapter_arguments.h"
#include "common/classify_arguments.h"
#include "common/comma_list.h"
#include "common/model_arguments.h"
#include "common/time_budget.h"

namespace minillama::app {
namespace {

void read(const Arguments& arguments, const std::string& name, double& value) {
  if (arguments.given(name)) value = arguments.number(name);
}

void read(const Arguments& arguments, const std::string& name, std::int64_t& value) {
  if (arguments.given(name)) value = arguments.integer(name);
}

double parse_weight(const std::string& text) {
  double weight = 0;
  const auto* const end = text.data() + text.size();
  if (!text.empty() && std::from_chars(text.data(), end, weight).ptr == end) return weight;
  throw OptionError(
      fmt::format("--class-weights: {} is no number, nor is it balanced", quote(text)));
}

}  // namespace

void fit_to_examples(const Arguments& arguments, std::int64_t n_examples, bool lora,
                     FineTuningOptions& training) {
  const auto fitted = FineTuningOptions::fitted(n_examples, lora);
  training.ties_by_loss = fitted.ties_by_loss;
  if (!arguments.given("epochs")) training.epochs = fitted.epochs;
  if (!arguments.given("patience")) training.patience = fitted.patience;
  if (!arguments.given("batch-size")) training.batches.size = fitted.batches.size;
  if (!arguments.given("lr")) training.optimizer.lr = fitted.optimizer.lr;
}

TrainingArguments read_training_arguments(const Arguments& arguments, const Dataset& dataset,
                                          bool compatible, bool lora) {
  TrainingArguments out;
  auto& training = out.fine_tuning;
  if (compatible) {
    training = FineTuningOptions::cmu2025();
    out.classifier.pooling = PoolingKind::padded_last;
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
  training.learning_rates = {.lora_plus = arguments.number("lora-plus-ratio"),
                             .layer_decay = arguments.number("layer-decay")};
  training.mixout = arguments.number("mixout");
  training.average_decay = arguments.number("average-decay");
  training.save_every_seconds = arguments.number("save-every");
  training.save_every_steps = arguments.integer("save-every-steps");
  training.validate();

  out.objective = {.name = arguments.choice("objective", objective_names()),
                   .cross_entropy = {.label_smoothing = arguments.number("label-smoothing")},
                   .r_drop_alpha = arguments.number("r-drop-alpha"),
                   .smart = {.weight = arguments.number("smart-weight"),
                             .proximal = arguments.number("smart-proximal"),
                             .momentum = arguments.number("smart-momentum")}};
  auto& smart = out.objective.smart;
  read(arguments, "adversarial-steps", smart.steps);
  read(arguments, "adversarial-step-size", smart.step_size);
  read(arguments, "adversarial-radius", smart.radius);
  read(arguments, "adversarial-radius", smart.noise);
  auto& free_lb = out.objective.free_lb;
  read(arguments, "adversarial-steps", free_lb.steps);
  read(arguments, "adversarial-step-size", free_lb.step_size);
  read(arguments, "adversarial-radius", free_lb.radius);
  make_objective(out.objective);

  out.classifier.label_names = label_names(arguments, dataset);
  out.classifier.dropout = arguments.number("hidden-dropout-prob");
  out.label_words = arguments.choice("head", {"random", "label-words"}) == "label-words";
  if (out.label_words) out.classifier.pooling = PoolingKind::last;
  if (arguments.given("template")) out.classifier.sentence_template = arguments.text("template");
  if (arguments.given("pooling")) out.classifier.pooling = pooling_kind(arguments.text("pooling"));
  // Of any data the labels are not known yet.
  if (!dataset.has_any_labels()) out.classifier.validate();

  out.adapter = read_adapter_arguments(arguments, compatible);
  if (arguments.given("weights")) {
    auto names = weight_format_names();
    names.insert(names.begin(), "stored");
    const auto name = arguments.choice("weights", names);
    out.frozen = {.format = name == "stored" ? nullptr : &weight_format(name)};
  }
  out.recompute = arguments.is_set("recompute");
  out.head_has_bias = !arguments.is_set("no-head-bias");

  out.new_layers = arguments.integer("reinit-layers");
  out.wise_ft_steps = arguments.integer("wise-ft");
  if (out.wise_ft_steps < 0) {
    throw OptionError(fmt::format("--wise-ft is {}, must be 0 or positive", out.wise_ft_steps));
  }

  out.time_budget = read_time_budget(arguments);
  const auto seed = arguments.integer("seed");
  if (seed < 0) throw OptionError(fmt::format("--seed is {}, must be 0 or positive", seed));
  out.first_seed = static_cast<std::uint64_t>(seed);
  out.n_seeds = arguments.integer("seeds");
  if (out.n_seeds < 1) {
    throw OptionError(fmt::format("--seeds is {}, must be at least 1", out.n_seeds));
  }
  return out;
}

void weigh_classes(const Arguments& arguments, std::int64_t n_labels, Examples& examples) {
  if (!arguments.given("class-weights")) return;
  const auto text = arguments.text("class-weights");
  if (text == "balanced") {
    return minillama::weigh_classes(examples, balanced_class_weights(examples.labels, n_labels));
  }
  std::vector<double> weights;
  for (const auto& part : split_at_commas(text)) weights.push_back(parse_weight(part));
  if (std::ssize(weights) != n_labels) {
    throw OptionError(
        fmt::format("--class-weights has {} numbers for {} labels", weights.size(), n_labels));
  }
  minillama::weigh_classes(examples, weights);
}

}  // namespace minillama::app
