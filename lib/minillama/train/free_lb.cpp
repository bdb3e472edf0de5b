#include "minillama/train/free_lb.h"

#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/require.h"
#include "minillama/train/perturbation.h"

namespace minillama {
namespace {

class FreeLb : public Objective {
 public:
  explicit FreeLb(const FreeLbOptions& options)
      : options_(options),
        cross_entropy_(cross_entropy(options.cross_entropy)),
        noise_(options.seed) {
    require(options.steps >= 1, "FreeLB's steps", options.steps, "be at least 1");
    require(std::isfinite(options.step_size) && options.step_size >= 0, "FreeLB's step size",
            options.step_size, "be 0 or positive");
    require(std::isfinite(options.radius) && options.radius > 0, "FreeLB's radius", options.radius,
            "be positive");
  }

  std::string name() const override {
    return fmt::format("FreeLB {} by {} in {} (seed {}) of {}", options_.steps, options_.step_size,
                       options_.radius, options_.seed, cross_entropy_->name());
  }

  std::int64_t n_passes() const override { return 0; }

  NamedTensors state() override { return {{"noise", noise_.state()}}; }

  torch::Tensor loss(const ObjectiveBatch& batch) override {
    const auto& sequences = batch.input.sequences;
    auto perturbation = first_perturbation(batch);
    double earlier = 0;
    for (std::int64_t step = 1;; ++step) {
      const auto logits = batch.passes.classify(batch.passes.pooled(perturbation));
      const auto loss = classification_loss(logits, batch, options_.cross_entropy) / options_.steps;
      if (step == options_.steps) return loss + earlier;
      earlier += loss.item<double>();
      const auto ascent =
          batch.passes.perturbation_gradient(loss, TrainingPasses::Reach::parameters_too);
      perturbation =
          perturbation +
          options_.step_size * divided_by(ascent, norms_of_sequences(ascent, sequences), sequences);
      const auto too_far = norms_of_sequences(perturbation, sequences) / options_.radius;
      perturbation = divided_by(perturbation, too_far.clamp_min(1), sequences);
    }
  }

 private:
  torch::Tensor first_perturbation(const ObjectiveBatch& batch) {
    const auto& sequences = batch.input.sequences;
    const auto uniform = noise_.uniform(batch, options_.radius);
    const auto lengths = torch::tensor(sequences.lengths(), uniform.options());
    return divided_by(uniform, (lengths * uniform.size(1)).sqrt(), sequences);
  }

  FreeLbOptions options_;
  std::shared_ptr<Objective> cross_entropy_;
  Noise noise_;
};

}  // namespace

std::shared_ptr<Objective> free_lb(const FreeLbOptions& options) {
  return std::make_shared<FreeLb>(options);
}

}  // namespace minillama
