#include "minillama/adapters/dora.h"

#include <limits>
#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/random.h"
#include "minillama/ops/linear.h"

namespace minillama {
namespace {

/// The norm of every row, [out]. One of zeros counts as a little more, so that it stays 0.
torch::Tensor row_norms(const torch::Tensor& matrix) {
  return matrix.norm(2, {1}).clamp_min(std::numeric_limits<float>::min());
}

}  // namespace

DoraImpl::DoraImpl(const torch::Tensor& weight, const DoraOptions& options,
                   torch::Generator generator, std::string_view linear)
    : options_(options), scale_(options.scale_of(linear)) {
  options_.validate();
  require_shape(weight, "dora: weight", {kAny, kAny});
  const auto type = torch::TensorOptions(weight.dtype()).device(weight.device());
  const auto rank = options_.rank_of(linear);
  lora_A = register_parameter("lora_A", torch::empty({rank, weight.size(1)}, type));
  lora_B = register_parameter("lora_B", torch::empty({weight.size(0), rank}, type));
  lora_magnitude_vector =
      register_parameter("lora_magnitude_vector", torch::empty({weight.size(0)}, type));
  reset_parameters(weight, generator);
  dropout_ = register_module("dropout", Dropout(options_.dropout, std::move(generator)));
}

void DoraImpl::reset_parameters(const torch::Tensor& weight, torch::Generator generator) {
  draw_normal(lora_A, 0.02, std::move(generator));
  const torch::NoGradGuard no_grad;
  lora_B.zero_();
  lora_magnitude_vector.copy_(row_norms(weight));
}

void DoraImpl::reset() {
  for (auto [name, tensor] : {std::pair("lora_A", &lora_A), std::pair("lora_B", &lora_B),
                              std::pair("lora_magnitude_vector", &lora_magnitude_vector)}) {
    *tensor = register_parameter(name, torch::empty_like(*tensor), tensor->requires_grad());
  }
  dropout_ = register_module("dropout", Dropout(*dropout_));
}

void DoraImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Dora(rank=" << lora_A.size(0) << ", scale=" << scale_
         << ", in_features=" << lora_A.size(1) << ", out_features=" << lora_B.size(0) << ")";
}

torch::Tensor DoraImpl::forward(const torch::Tensor& x, const torch::Tensor& y,
                                const torch::Tensor& weight) {
  const auto delta = apply_linear(apply_linear(dropout_(x), lora_A) * scale_, lora_B);
  return (y + delta) * factors(weight).to(y.scalar_type());
}

torch::Tensor DoraImpl::merged_weight(const torch::Tensor& weight) const {
  return direction(weight) * factors(weight).unsqueeze(1);
}

torch::Tensor DoraImpl::direction(const torch::Tensor& weight) const {
  return weight + torch::matmul(lora_B, lora_A) * scale_;
}

torch::Tensor DoraImpl::factors(const torch::Tensor& weight) const {
  torch::Tensor norms;
  {
    const torch::NoGradGuard no_grad;
    norms = row_norms(direction(weight));
  }
  return lora_magnitude_vector / norms;
}

}  // namespace minillama
