#include "minillama/train/mixout.h"

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/core/random.h"
#include "minillama/core/require.h"
#include "minillama/nn/linear.h"

namespace minillama {
namespace {

/// While it lives the weights have other values.
class ExchangedWeights {
 public:
  explicit ExchangedWeights(const NamedTensors& weights) : weights_(weights) {
    for (const auto& [name, weight] : weights) own_.push_back(weight.detach().clone());
  }
  ~ExchangedWeights() {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < own_.size(); ++i) weights_[i].second.copy_(own_[i]);
  }
  ExchangedWeights(const ExchangedWeights&) = delete;
  ExchangedWeights& operator=(const ExchangedWeights&) = delete;

 private:
  const NamedTensors& weights_;
  std::vector<torch::Tensor> own_;
};

}  // namespace

Mixout::Mixout(Classifier model, double p) : p_(p) {
  require_module(model, "the classifier");
  require(p >= 0 && p <= 1, "mixout", p, "lie in [0, 1]");
  for (const auto& module : model->llama->named_modules("llama", /*include_self=*/false)) {
    const auto* const linear = module.value()->as<LinearImpl>();
    if (linear == nullptr || !linear->weight.defined() || !linear->weight.requires_grad()) continue;
    weights_.emplace_back(module.key() + ".weight", linear->weight);
    before_.emplace_back(module.key() + ".weight", linear->weight.detach().clone());
  }
  if (weights_.empty()) throw OptionError("mixout: no linear layer's matrix is trained");
}

double Mixout::mixed(torch::Generator generator, const std::function<double()>& pass) {
  if (p_ == 0) return pass();
  std::vector<torch::Tensor> kept;  // (1 - M) / (1 - p), at p = 1 zero
  const double scale = p_ < 1 ? 1 / (1 - p_) : 0;
  for (const auto& [name, weight] : weights_) {
    const auto mask = torch::empty(weight.sizes(), torch::kFloat).bernoulli_(1 - p_, generator);
    kept.push_back((mask * scale).to(weight.options().requires_grad(false)));
  }
  double result = 0;
  {
    const ExchangedWeights own(weights_);
    {
      const torch::NoGradGuard no_grad;
      for (std::size_t i = 0; i < weights_.size(); ++i) {
        // U + K (W - U) with K = (1 - M) / (1 - p) is the formula: of K = 0, U; and the mean is W.
        auto& weight = weights_[i].second;
        weight.copy_(before_[i].second + kept[i] * (weight - before_[i].second));
      }
    }
    result = pass();
  }
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    auto& gradient = weights_[i].second.mutable_grad();
    if (gradient.defined()) gradient.mul_(kept[i]);
  }
  return result;
}

}  // namespace minillama
