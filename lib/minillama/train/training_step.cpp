#include "minillama/train/training_step.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/core/device.h"
#include "minillama/train/training_passes.h"

namespace minillama {
namespace {

/// The sequences so many times, one after the other.
std::vector<TokenIds> repeat(const std::vector<TokenIds>& sequences, std::int64_t n) {
  std::vector<TokenIds> all;
  for (std::int64_t i = 0; i < n; ++i) all.insert(all.end(), sequences.begin(), sequences.end());
  return all;
}

/// What each of the examples counts; undefined if they have no weights.
torch::Tensor weights_of(const Examples& examples, std::span<const std::size_t> indices,
                         const torch::TensorOptions& options) {
  if (examples.weights.empty()) return {};
  std::vector<double> weights;
  for (const auto index : indices) {
    require_below(index, "the index of an example's weight", examples.weights.size());
    weights.push_back(examples.weights[index]);
  }
  return torch::tensor(weights, torch::kDouble).to(options);
}

/// What is to be learnt of each of the examples; undefined if that is their labels.
torch::Tensor targets_of(const Examples& examples, std::span<const std::size_t> indices,
                         std::int64_t n_labels, const torch::TensorOptions& options) {
  if (examples.targets.empty()) return {};
  std::vector<double> targets;
  for (const auto index : indices) {
    require_below(index, "the index of an example's target", examples.targets.size());
    const auto& target = examples.targets[index];
    require(std::ssize(target) == n_labels, "the number of an example's targets", target.size(),
            fmt::format("be {}", n_labels));
    targets.insert(targets.end(), target.begin(), target.end());
  }
  return torch::tensor(targets, torch::kDouble).view({-1, n_labels}).to(options);
}

}  // namespace

double training_gradient(Classifier& model, const Examples& examples,
                         std::span<const std::size_t> indices, std::int64_t divisor,
                         const std::shared_ptr<Objective>& objective) {
  require_module(model, "the classifier");
  if (!objective) throw OptionError("a step without an objective");
  require(divisor >= 1, "divisor", divisor, "be at least 1");
  if (indices.empty()) throw OptionError("a step without examples");
  const SerialLibTorch serial;
  std::vector<TokenIds> sequences;
  std::vector<std::int64_t> labels;
  for (const auto index : indices) {
    require_below(index, "an example's index",
                  std::min(examples.ids.size(), examples.labels.size()));
    sequences.push_back(examples.ids[index]);
    labels.push_back(examples.labels[index]);
  }
  const auto device = model->classifier_head->weight.device();
  auto input = classifier_input(sequences, model->config().pooling, examples.pad_id);
  require_ids(input.ids, "ids", 0, model->llama->config().vocab_size);
  const auto n_labels = std::ssize(model->config().label_names);
  require_ids(torch::tensor(labels, torch::kLong), "labels", 0, n_labels);
  input.ids = input.ids.to(device);
  const auto n_passes = objective->n_passes();
  require(n_passes >= 0, "the objective's n_passes", n_passes, "be 0 or positive");
  auto repeated = n_passes <= 1 ? input
                                : classifier_input(repeat(sequences, n_passes),
                                                   model->config().pooling, examples.pad_id);
  repeated.ids = repeated.ids.to(device);

  model->zero_grad(/*set_to_none=*/true);
  TrainingPasses passes(model, std::move(repeated));
  // The head is little work, and its dropout is the whole batch's.
  const auto options = model->classifier_head->weight.options().requires_grad(false);
  const auto loss = objective->loss({.model = model,
                                     .input = input,
                                     .pooled = n_passes == 0 ? torch::Tensor() : passes.pooled(),
                                     .passes = passes,
                                     .labels = torch::tensor(labels, torch::kLong).to(device),
                                     .divisor = divisor,
                                     .weights = weights_of(examples, indices, options),
                                     .targets = targets_of(examples, indices, n_labels, options)});
  require_shape(loss, "the objective's loss", {});
  const auto value = loss.item<double>();
  if (!std::isfinite(value)) throw DivergedError(fmt::format("the loss became {}", value));
  loss.backward();
  passes.backward();
  return value;
}

double training_step(Classifier& model, torch::optim::Optimizer& optimizer,
                     const Examples& examples, std::span<const std::size_t> indices,
                     std::int64_t divisor, const std::shared_ptr<Objective>& objective) {
  const double loss = training_gradient(model, examples, indices, divisor, objective);
  optimizer.step();
  return loss;
}

}  // namespace minillama
