#include "minillama/nn/linear.h"

#include <cmath>
#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/random.h"
#include "minillama/nn/bfloat16_linear.h"
#include "minillama/nn/precision.h"
#include "minillama/nn/product.h"

namespace minillama {
namespace {

void check(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
           bool rounded) {
  require_shape(weight, "linear: weight", {kAny, kAny});
  require_width(x, "linear: x", weight.size(1));
  require_device(x, "linear: x", weight.device());
  if (!rounded && x.scalar_type() != weight.scalar_type()) {
    throw OptionError(
        fmt::format("linear: x is {}, weight is {}: of two types", describe(x), describe(weight)));
  }
  if (!bias.defined()) return;
  require_shape(bias, "linear: bias", {weight.size(0)});
  require_device(bias, "linear: bias", weight.device());
}

/// y + bias, in the type of y: in mixed precision the bias is float32 and y is not.
torch::Tensor plus(const torch::Tensor& y, const torch::Tensor& bias) {
  return bias.defined() ? (y + bias).to(y.scalar_type()) : y;
}

}  // namespace

torch::Tensor apply_linear(const torch::Tensor& x, const torch::Tensor& weight,
                           const torch::Tensor& bias) {
  const bool rounded = x.defined() && precision_on(x.device()) == Precision::bfloat16;
  check(x, weight, bias, rounded);
  if (rounded) {
    return plus(bfloat16_linear(x, weight), bias);
  }
  const bool one_row = x.numel() == x.size(-1);
  const bool differentiated =
      torch::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  if (!one_row || differentiated) {
    if (!product_is_shared(x.device(), x.numel() * weight.size(0))) {
      return torch::linear(x, weight, bias);
    }
    return plus(shared_linear(x, weight), bias);
  }
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  return plus(product(weight, x.reshape(-1)).view(shape), bias);
}

LinearImpl::LinearImpl(std::int64_t in_features, std::int64_t out_features, bool with_bias) {
  require(in_features >= 1, "linear: in_features", in_features, "be at least 1");
  require(out_features >= 1, "linear: out_features", out_features, "be at least 1");
  weight = register_parameter("weight", torch::empty({out_features, in_features}));
  if (with_bias) bias = register_parameter("bias", torch::empty({out_features}));
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) {
  if (active_.empty() || is_merged()) return apply_linear(x, weight, bias);
  return plus(adapters_.at(active_)->forward(x, apply_linear(x, weight), weight), bias);
}

void LinearImpl::add_adapter(const std::string& name, std::shared_ptr<Adapter> adapter) {
  if (!adapter) throw OptionError(fmt::format("adapter {} is null", quote(name)));
  if (name.empty() || name.find('.') != std::string::npos) {
    throw OptionError(fmt::format("adapter name {} must not be empty nor hold a dot", quote(name)));
  }
  if (adapters_.count(name) > 0) {
    throw OptionError(fmt::format("there is an adapter named {} already", quote(name)));
  }
  register_module(name, adapter->module().shared_from_this());
  adapters_.emplace(name, std::move(adapter));
}

void LinearImpl::reset_parameters(torch::Generator generator) {
  unmerge();
  const double bound = 1 / std::sqrt(static_cast<double>(weight.size(1)));
  draw_uniform(weight, bound, generator);
  if (bias.defined()) draw_uniform(bias, bound, generator);
  for (auto& [unused, adapter] : adapters_) adapter->reset_parameters(weight, generator);
}

void LinearImpl::reset() {
  weight = register_parameter("weight", torch::empty_like(weight), weight.requires_grad());
  if (bias.defined()) {
    bias = register_parameter("bias", torch::empty_like(bias), bias.requires_grad());
  }
  if (is_merged()) unmerged_ = unmerged_.clone();
  for (auto& [name, adapter] : adapters_) {
    const auto copy = register_module(name, adapter->module().clone());
    adapter = std::dynamic_pointer_cast<Adapter>(copy);
  }
}

void LinearImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "minillama::Linear(in_features=" << weight.size(1)
         << ", out_features=" << weight.size(0) << ", bias=" << bias.defined() << ")";
}

void LinearImpl::activate(const std::string& name) {
  unmerge();
  active_ = adapters_.count(name) > 0 ? name : "";
}

void LinearImpl::merge() {
  if (active_.empty() || is_merged()) return;
  const torch::NoGradGuard no_grad;
  unmerged_ = weight.clone();
  weight.copy_(adapters_.at(active_)->merged_weight(weight));
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
