#include "minillama/train/smart.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/require.h"
#include "minillama/optim/weight_average.h"
#include "minillama/train/divergence.h"
#include "minillama/train/perturbation.h"

namespace minillama {
namespace {

void check(const SmartOptions& options) {
  const auto require_at_least_zero = [](const char* name, double value) {
    require(std::isfinite(value) && value >= 0, name, value, "be 0 or positive");
  };
  require_at_least_zero("SMART's weight", options.weight);
  require_at_least_zero("SMART's radius", options.radius);
  require_at_least_zero("SMART's noise", options.noise);
  require_at_least_zero("SMART's step size", options.step_size);
  require_at_least_zero("SMART's proximal weight", options.proximal);
  require(options.steps >= 0, "SMART's steps", options.steps, "be 0 or positive");
  require(options.momentum > 0 && options.momentum < 1, "SMART's momentum", options.momentum,
          "lie in (0, 1)");
}

class Smart : public Objective {
 public:
  explicit Smart(const SmartOptions& options)
      : options_(options),
        cross_entropy_(cross_entropy(options.cross_entropy)),
        noise_(options.seed) {
    check(options_);
  }

  std::string name() const override {
    return fmt::format("SMART {} in {} ({} by {} from {}, seed {}), proximal {} to {} of {}",
                       options_.weight, options_.radius, options_.steps, options_.step_size,
                       options_.noise, options_.seed, options_.proximal, options_.momentum,
                       cross_entropy_->name());
  }

  void begin(Classifier& model) override {
    NamedTensors trained = parameters_of(*model);
    std::erase_if(trained, [](const auto& item) { return !item.second.requires_grad(); });
    before_.emplace(trained, options_.momentum);
  }

  NamedTensors state() override {
    NamedTensors all{{"noise", noise_.state()}};
    if (before_) {
      for (const auto& [name, tensor] : before_->tensors()) all.emplace_back("w." + name, tensor);
    }
    return all;
  }

  /// The averaged weights take the weights' place before there is a graph that remembers these.
  std::int64_t n_passes() const override { return 0; }

  torch::Tensor loss(const ObjectiveBatch& batch) override {
    if (!before_) begin(batch.model);
    before_->update();
    const auto before = options_.proximal > 0 ? logits_before(batch) : torch::Tensor();
    const auto logits = batch.passes.classify(batch.passes.pooled());
    auto loss = classification_loss(logits, batch, options_.cross_entropy);
    if (options_.proximal > 0) {
      loss = loss + options_.proximal * symmetric_divergence(logits, before, batch);
    }
    if (options_.weight > 0) {
      const auto moved = batch.passes.pooled(worst_perturbation(batch, logits.detach()));
      loss = loss +
             options_.weight * symmetric_divergence(batch.passes.classify(moved), logits, batch);
    }
    return loss;
  }

 private:
  /// The logits of the averaged weights.
  torch::Tensor logits_before(const ObjectiveBatch& batch) {
    const torch::NoGradGuard no_grad;
    const AveragedWeights averaged(&*before_);
    return batch.passes.classify(batch.passes.pooled());
  }

  /// Where the answer differs most from `logits`, as far as the search finds it.
  torch::Tensor worst_perturbation(const ObjectiveBatch& batch, const torch::Tensor& logits) {
    const auto& sequences = batch.input.sequences;
    auto perturbation = noise_.normal(batch, options_.noise);
    for (std::int64_t step = 0; step < options_.steps; ++step) {
      const auto moved = batch.passes.classify(batch.passes.pooled(perturbation));
      const auto ascent = batch.passes.perturbation_gradient(
          symmetric_divergence(moved, logits, batch), TrainingPasses::Reach::perturbation);
      const auto direction = divided_by(ascent, largest_of_sequences(ascent, sequences), sequences);
      perturbation =
          (perturbation + options_.step_size * direction).clamp(-options_.radius, options_.radius);
    }
    return perturbation;
  }

  SmartOptions options_;
  std::shared_ptr<Objective> cross_entropy_;
  Noise noise_;
  std::optional<WeightAverage> before_;
};

}  // namespace

std::shared_ptr<Objective> smart(const SmartOptions& options) {
  return std::make_shared<Smart>(options);
}

}  // namespace minillama
