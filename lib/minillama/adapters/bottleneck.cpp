#include "minillama/adapters/bottleneck.h"

#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/random.h"
#include "minillama/ops/linear.h"

namespace minillama {

BottleneckImpl::BottleneckImpl(const torch::Tensor& weight, const BottleneckOptions& options,
                               torch::Generator generator, std::string_view /*linear*/)
    : options_(options) {
  options_.validate();
  require_shape(weight, "bottleneck: weight", {kAny, kAny});
  const auto type = torch::TensorOptions(weight.dtype()).device(weight.device());
  const auto rows = weight.size(0);
  const auto add = [&](const char* name, std::vector<std::int64_t> shape) {
    return register_parameter(name, torch::empty(shape, type));
  };
  bottleneck_down = add("bottleneck_down", {options_.width, rows});
  bottleneck_down_bias = add("bottleneck_down_bias", {options_.width});
  bottleneck_up = add("bottleneck_up", {rows, options_.width});
  bottleneck_up_bias = add("bottleneck_up_bias", {rows});
  reset_parameters(weight, std::move(generator));
}

void BottleneckImpl::reset_parameters(const torch::Tensor& /*weight*/, torch::Generator generator) {
  draw_normal(bottleneck_down, 0.02, std::move(generator));
  const torch::NoGradGuard no_grad;
  for (auto* zero : {&bottleneck_down_bias, &bottleneck_up, &bottleneck_up_bias}) zero->zero_();
}

void BottleneckImpl::reset() {
  for (const auto& [name, parameter] : {std::pair{"bottleneck_down", &bottleneck_down},
                                        {"bottleneck_down_bias", &bottleneck_down_bias},
                                        {"bottleneck_up", &bottleneck_up},
                                        {"bottleneck_up_bias", &bottleneck_up_bias}}) {
    *parameter =
        register_parameter(name, torch::empty_like(*parameter), parameter->requires_grad());
  }
}

void BottleneckImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Bottleneck(width=" << bottleneck_down.size(0)
         << ", out_features=" << bottleneck_down.size(1) << ")";
}

torch::Tensor BottleneckImpl::output(const torch::Tensor& h) {
  const auto narrow = torch::relu(apply_linear(h, bottleneck_down, bottleneck_down_bias));
  return h + apply_linear(narrow, bottleneck_up, bottleneck_up_bias);
}

torch::Tensor BottleneckImpl::merged_weight(const torch::Tensor& /*weight*/) const {
  throw OptionError(
      "a bottleneck adapter cannot become part of the weights: there is a relu within it");
}

}  // namespace minillama
