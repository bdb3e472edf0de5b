#include "minillama/train/training_passes.h"

#include <algorithm>
#include <utility>

#include <torch/autograd.h>

#include "minillama/core/check.h"
#include "minillama/nn/dropout.h"
#include "minillama/ops/parallel_parts.h"
#include "minillama/train/parallel_gradients.h"

namespace minillama {
namespace {

/// The batch in parts of consecutive sequences, one for each thread.
std::vector<ClassifierInput> split(const ClassifierInput& input) {
  const auto n_parts = std::min(parallel_workers(input.ids.device()), input.sequences.size());
  std::vector<ClassifierInput> parts;
  const auto& lengths = input.sequences.lengths();
  std::int64_t token = 0;
  for (std::int64_t part = 0; part < n_parts; ++part) {
    const Sequences sequences({lengths.begin() + std::ssize(lengths) * part / n_parts,
                               lengths.begin() + std::ssize(lengths) * (part + 1) / n_parts});
    parts.push_back({input.ids.narrow(0, token, sequences.n_tokens()), sequences});
    token += sequences.n_tokens();
  }
  return parts;
}

/// One that draws what this one will, if there is one.
torch::Generator copy_of(const torch::Generator& generator) {
  return generator.defined() ? generator.clone() : generator;
}

}  // namespace

TrainingPasses::TrainingPasses(Classifier model, ClassifierInput input)
    : model_(std::move(model)),
      input_(std::move(input)),
      parts_(split(input_)),
      masks_(pass_generators(*model_->llama, std::ssize(parts_))) {}

torch::Tensor TrainingPasses::pooled(const torch::Tensor& perturbation) {
  Pass pass;
  if (perturbation.defined()) {
    require_shape(perturbation, "perturbation",
                  {input_.sequences.n_tokens(), model_->llama->config().dim});
    std::vector<std::int64_t> sizes;
    for (const auto& part : parts_) sizes.push_back(part.sequences.n_tokens());
    for (const auto& part : perturbation.detach().split_with_sizes(sizes)) {
      pass.perturbations.push_back(part.clone().requires_grad_());
    }
  }
  pass.parts.resize(parts_.size());
  parallel_parts(input_.ids.device(), std::ssize(parts_), [&](std::int64_t part) {
    const auto i = static_cast<std::size_t>(part);
    const DropoutScope scope(copy_of(masks_[i]));
    pass.parts[i] = pass.perturbations.empty()
                        ? model_->pooled(parts_[i])
                        : model_->pooled_perturbed(parts_[i], pass.perturbations[i]);
  });
  if (!torch::GradMode::is_enabled()) return torch::cat(pass.parts);
  pass.pooled = torch::cat(pass.parts).detach().requires_grad_();
  passes_.push_back(std::move(pass));
  return passes_.back().pooled;
}

torch::Tensor TrainingPasses::classify(const torch::Tensor& pooled) {
  if (head_mask_.empty()) head_mask_ = pass_generators(*model_, 1);
  const DropoutScope scope(copy_of(head_mask_.front()));
  return model_->classify(pooled);
}

torch::Tensor TrainingPasses::perturbation_gradient(const torch::Tensor& loss, Reach reach) {
  if (passes_.empty() || passes_.back().perturbations.empty()) {
    throw OptionError("the gradient of a perturbation where there is none");
  }
  const Pass pass = std::move(passes_.back());
  passes_.pop_back();
  if (reach == Reach::parameters_too) {
    loss.backward();
  } else {
    pass.pooled.mutable_grad() = torch::autograd::grad({loss}, {pass.pooled}).front();
  }
  take_back(pass, reach == Reach::parameters_too);
  std::vector<torch::Tensor> gradients;
  for (const auto& part : pass.perturbations) gradients.push_back(part.grad());
  return torch::cat(gradients);
}

void TrainingPasses::backward() {
  for (auto& pass : passes_) {
    pass.perturbations.clear();  // nobody asks for their gradients
    take_back(pass, /*to_parameters=*/true);
    pass = {};
  }
  passes_.clear();
}

void TrainingPasses::take_back(const Pass& pass, bool to_parameters) {
  auto reached = pass.perturbations;
  if (to_parameters) {
    for (const auto& parameter : model_->llama->parameters()) {
      if (parameter.requires_grad()) reached.push_back(parameter);
    }
  }
  if (reached.empty() || !pass.pooled.grad().defined()) return;
  std::vector<std::int64_t> sizes;
  for (const auto& part : parts_) sizes.push_back(part.sequences.size());
  const auto gradients = pass.pooled.grad().split_with_sizes(sizes);
  // Of a part's dot product with the gradient of the loss, the gradient is that of the loss.
  parallel_gradients(reached, std::ssize(parts_), [&](std::int64_t part) {
    const auto i = static_cast<std::size_t>(part);
    return (pass.parts[i] * gradients[i]).sum();
  });
}

}  // namespace minillama
