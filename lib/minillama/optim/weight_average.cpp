#include "minillama/optim/weight_average.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

WeightAverage::WeightAverage(const NamedTensors& weights, double decay)
    : weights_(weights), decay_(decay) {
  if (!(decay > 0 && decay < 1)) {
    throw OptionError(
        fmt::format("the decay of averaged weights is {}, must lie in (0, 1)", decay));
  }
  for (const auto& [name, weight] : weights) averages_.emplace_back(name, weight.detach().clone());
}

void WeightAverage::update(std::int64_t t) {
  const auto steps = static_cast<double>(t);
  take_in(std::min(decay_, (1 + steps) / (10 + steps)));
}

void WeightAverage::update() {
  take_in(decay_);
}

void WeightAverage::take_in(double decay) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    averages_[i].second.lerp_(weights_[i].second, 1 - decay);
  }
}

void WeightAverage::swap() {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const auto weight = weights_[i].second.clone();
    weights_[i].second.copy_(averages_[i].second);
    averages_[i].second.copy_(weight);
  }
}

AveragedWeights::AveragedWeights(WeightAverage* average) : average_(average) {
  if (average_ != nullptr) average_->swap();
}

AveragedWeights::~AveragedWeights() {
  if (average_ != nullptr) average_->swap();
}

}  // namespace minillama
