#include "minillama/nn/linear.h"

#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/nn/bfloat16_linear.h"
#include "minillama/nn/precision.h"
#include "minillama/nn/product.h"

namespace minillama {

torch::Tensor apply_linear(const torch::Tensor& x, const torch::Tensor& weight,
                           const torch::Tensor& bias) {
  if (x.is_cpu() && cpu_precision() == Precision::bfloat16) {
    const auto y = bfloat16_linear(x, weight);
    return bias.defined() ? y + bias : y;
  }
  const bool one_row = x.numel() == x.size(-1);
  const bool differentiated =
      torch::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  if (!one_row || differentiated) {
    if (!product_is_shared(x.device(), x.numel() * weight.size(0))) {
      return torch::linear(x, weight, bias);
    }
    const auto y = shared_linear(x, weight);
    return bias.defined() ? y + bias : y;
  }
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  const auto y = product(weight, x.reshape(-1)).view(shape);
  return bias.defined() ? y + bias : y;
}

LinearImpl::LinearImpl(std::int64_t in_features, std::int64_t out_features, bool with_bias) {
  weight = register_parameter("weight", torch::empty({out_features, in_features}));
  if (with_bias) bias = register_parameter("bias", torch::empty({out_features}));
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) {
  const auto y = apply_linear(x, weight, bias);
  if (active_.empty() || is_merged()) return y;
  return y + adapters_.at(active_)->forward(x);
}

void LinearImpl::add_adapter(const std::string& name, const LoraOptions& options,
                             const torch::Generator& generator) {
  if (name.empty() || name.find('.') != std::string::npos) {
    throw OptionError(fmt::format("adapter name {} must not be empty nor hold a dot", quote(name)));
  }
  if (adapters_.count(name) > 0) {
    throw OptionError(fmt::format("there is an adapter named {} already", quote(name)));
  }
  adapters_.emplace(name, register_module(name, Lora(weight, options, generator)));
}

void LinearImpl::activate(const std::string& name) {
  unmerge();
  active_ = adapters_.count(name) > 0 ? name : "";
}

void LinearImpl::merge() {
  if (active_.empty() || is_merged()) return;
  const torch::NoGradGuard no_grad;
  unmerged_ = weight.clone();
  weight.add_(adapters_.at(active_)->delta_weight());
}

void LinearImpl::unmerge() {
  if (!is_merged()) return;
  const torch::NoGradGuard no_grad;
  weight.copy_(std::exchange(unmerged_, {}));
}

void LinearImpl::absorb() {
  merge();
  unmerged_ = torch::Tensor();
  active_.clear();
  for (const auto& [name, unused] : adapters_) unregister_module(name);
  adapters_.clear();
}

}  // namespace minillama
