#include "minillama/adapters/lora.h"

#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/random.h"
#include "minillama/ops/linear.h"

namespace minillama {

LoraImpl::LoraImpl(const torch::Tensor& weight, const LoraOptions& options,
                   torch::Generator generator)
    : options_(options) {
  options_.validate();
  require_shape(weight, "lora: weight", {kAny, kAny});
  const auto type = torch::TensorOptions(weight.dtype()).device(weight.device());
  lora_A = register_parameter("lora_A", torch::empty({options_.rank, weight.size(1)}, type));
  lora_B = register_parameter("lora_B", torch::empty({weight.size(0), options_.rank}, type));
  reset_parameters(weight, generator);
  dropout_ = register_module("dropout", Dropout(options_.dropout, std::move(generator)));
}

void LoraImpl::reset_parameters(const torch::Tensor& /*weight*/, torch::Generator generator) {
  draw_normal(lora_A, 0.02, std::move(generator));
  const torch::NoGradGuard no_grad;
  lora_B.zero_();
}

void LoraImpl::reset() {
  lora_A = register_parameter("lora_A", torch::empty_like(lora_A), lora_A.requires_grad());
  lora_B = register_parameter("lora_B", torch::empty_like(lora_B), lora_B.requires_grad());
  dropout_ = register_module("dropout", Dropout(*dropout_));
}

void LoraImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Lora(rank=" << options_.rank << ", alpha=" << options_.alpha
         << ", in_features=" << lora_A.size(1) << ", out_features=" << lora_B.size(0) << ")";
}

torch::Tensor LoraImpl::forward(const torch::Tensor& x, const torch::Tensor& y,
                                const torch::Tensor& /*weight*/) {
  // Scaled where it is narrowest.
  return y + apply_linear(apply_linear(dropout_(x), lora_A) * options_.scale(), lora_B);
}

torch::Tensor LoraImpl::merged_weight(const torch::Tensor& weight) const {
  return weight + delta_weight();
}

torch::Tensor LoraImpl::delta_weight() const {
  return torch::matmul(lora_B, lora_A) * options_.scale();
}

}  // namespace minillama
