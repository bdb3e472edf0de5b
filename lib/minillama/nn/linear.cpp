#include "minillama/nn/linear.h"

#include <cmath>
#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/random.h"
#include "minillama/ops/linear.h"

namespace minillama {

LinearImpl::LinearImpl(std::int64_t in_features, std::int64_t out_features, bool with_bias)
    : in_features_(in_features), out_features_(out_features) {
  require(in_features >= 1, "linear: in_features", in_features, "be at least 1");
  require(out_features >= 1, "linear: out_features", out_features, "be at least 1");
  weight = register_parameter("weight", torch::empty({out_features, in_features}));
  if (with_bias) bias = register_parameter("bias", torch::empty({out_features}));
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) {
  const bool adapted = !active_.empty() && !is_merged();
  if (!adapted && !is_frozen()) return apply_linear(x, weight, bias);
  const auto dense = dense_weight();
  const auto product = [&](const torch::Tensor& in) {
    return is_frozen() ? frozen_linear(in, frozen_, dense) : apply_linear(in, dense);
  };
  if (!adapted) return plus_bias(product(x), bias);
  auto& adapter = *adapters_.at(active_);
  const auto y = adapter.forward(x, product(adapter.input(x)), dense);
  return adapter.output(plus_bias(y, adapter.bias(bias)));
}

torch::Tensor LinearImpl::rows_before() const {
  return active_.empty() ? torch::Tensor() : adapters_.at(active_)->rows_before();
}

void LinearImpl::freeze(const FrozenMatrix& matrix) {
  require_shape(matrix, out_features_, in_features_);
  if (!adapters_.empty()) throw OptionError("weights are frozen before they get adapters");
  frozen_ = matrix;
  weight = torch::Tensor();
  if (parameters_.contains("weight")) parameters_.erase("weight");
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
  if (is_frozen()) throw OptionError("frozen weights are not drawn anew");
  unmerge();
  const double bound = 1 / std::sqrt(static_cast<double>(in_features_));
  draw_uniform(weight, bound, generator);
  if (bias.defined()) draw_uniform(bias, bound, generator);
  for (auto& [unused, adapter] : adapters_) adapter->reset_parameters(weight, generator);
}

void LinearImpl::reset() {
  if (!is_frozen()) {
    weight = register_parameter("weight", torch::empty_like(weight), weight.requires_grad());
  }
  if (bias.defined()) {
    bias = register_parameter("bias", torch::empty_like(bias), bias.requires_grad());
  }
  if (is_merged()) unmerged_ = unmerged_.clone();
  if (unmerged_bias_.defined()) unmerged_bias_ = unmerged_bias_.clone();
  for (auto& [name, adapter] : adapters_) {
    const auto copy = register_module(name, adapter->module().clone());
    adapter = std::dynamic_pointer_cast<Adapter>(copy);
  }
}

void LinearImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "minillama::Linear(in_features=" << in_features_
         << ", out_features=" << out_features_ << ", bias=" << bias.defined() << ")";
}

void LinearImpl::activate(const std::string& name) {
  unmerge();
  active_ = adapters_.count(name) > 0 ? name : "";
}

void LinearImpl::merge() {
  if (active_.empty() || is_merged()) return;
  if (is_frozen()) throw OptionError("an adapter of frozen weights is not merged");
  const torch::NoGradGuard no_grad;
  const auto& adapter = *adapters_.at(active_);
  const auto merged = adapter.merged_weight(weight);
  const auto merged_bias = adapter.bias(bias);
  unmerged_ = weight.clone();
  weight.copy_(merged);
  if (bias.defined()) {
    unmerged_bias_ = bias.clone();
    bias.copy_(merged_bias);
  } else if (merged_bias.defined()) {
    bias = register_parameter("bias", merged_bias.clone(), weight.requires_grad());
  }
}

void LinearImpl::unmerge() {
  if (!is_merged()) return;
  const torch::NoGradGuard no_grad;
  weight.copy_(std::exchange(unmerged_, {}));
  if (unmerged_bias_.defined()) {
    bias.copy_(std::exchange(unmerged_bias_, {}));
  } else if (bias.defined()) {
    bias = torch::Tensor();
    parameters_.erase("bias");
  }
}

void LinearImpl::absorb() {
  merge();
  unmerged_ = torch::Tensor();
  unmerged_bias_ = torch::Tensor();
  active_.clear();
  for (const auto& [name, unused] : adapters_) unregister_module(name);
  adapters_.clear();
}

}  // namespace minillama
