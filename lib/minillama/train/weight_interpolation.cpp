#include "minillama/train/weight_interpolation.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/weights/adapter_options.h"

namespace minillama {
namespace {

NamedTensors copies_of(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.emplace_back(name, tensor.detach().clone());
  return copies;
}

}  // namespace

WeightInterpolation::WeightInterpolation(Classifier model) {
  require_module(model, "the classifier");
  for (const auto& [name, parameter] : parameters_of(*model->llama)) {
    if (!parameter.requires_grad()) continue;
    const bool is_adapters = is_adapter_parameter(name);
    if (is_adapters && name.ends_with(".lora_A")) continue;
    if (is_adapters && name.ends_with(".lora_B") &&
        parameter.count_nonzero().item<std::int64_t>() > 0) {
      throw OptionError("there is no line to an adapter whose lora_B does not begin at zero");
    }
    parameters_.emplace_back(name, parameter);
  }
  if (parameters_.empty()) throw OptionError("no weight of the model is trained");
  before_ = copies_of(parameters_);
}

void WeightInterpolation::finish() {
  after_ = copies_of(parameters_);
}

void WeightInterpolation::set(double alpha) {
  if (after_.empty()) throw OptionError("the weights after training are not known yet");
  if (!std::isfinite(alpha)) throw OptionError(fmt::format("alpha is {}, must be finite", alpha));
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto& before = before_[i].second;
    const auto& after = after_[i].second;
    // Away from the nearer end, so that both ends are met to the bit.
    parameters_[i].second.copy_(alpha < 0.5 ? before + alpha * (after - before)
                                            : after - (1 - alpha) * (after - before));
  }
}

}  // namespace minillama
