#include "minillama/adapters/lora.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/core/random.h"
#include "minillama/ops/linear.h"

namespace minillama {

LoraImpl::LoraImpl(const torch::Tensor& weight, const LoraOptions& options,
                   torch::Generator generator, std::string_view linear)
    : options_(options), scale_(options.scale_of(linear)) {
  options_.validate();
  require_shape(weight, "lora: weight", {kAny, kAny});
  const auto rank = options_.rank_of(linear);
  const auto type = torch::TensorOptions(weight.dtype()).device(weight.device());
  lora_A = register_parameter("lora_A", torch::empty({rank, weight.size(1)}, type));
  lora_B = register_parameter("lora_B", torch::empty({weight.size(0), rank}, type));
  if (options_.init == LoraInit::pissa) {
    require(
        rank <= std::min(weight.size(0), weight.size(1)), "lora: rank", rank,
        fmt::format("be at most {} with init pissa beside {}: a weight has no more singular values",
                    std::min(weight.size(0), weight.size(1)), describe(weight)));
    initial_A = register_buffer("initial_A", torch::empty_like(lora_A));
    initial_B = register_buffer("initial_B", torch::empty_like(lora_B));
  }
  reset_parameters(weight, generator);
  dropout_ = register_module("dropout", Dropout(options_.dropout, std::move(generator)));
}

void LoraImpl::reset_parameters(const torch::Tensor& weight, torch::Generator generator) {
  if (is_pissa()) return take_principal_part(weight);
  draw_normal(lora_A, 0.02, std::move(generator));
  const torch::NoGradGuard no_grad;
  lora_B.zero_();
}

void LoraImpl::take_principal_part(const torch::Tensor& weight) {
  const torch::NoGradGuard no_grad;
  const auto [u, s, vt] = torch::linalg_svd(weight.detach(), /*full_matrices=*/false);
  const auto rank = lora_A.size(0);
  require(scale_ > 0, "lora: the scale of init pissa", scale_, "be positive");
  const auto roots = (s.narrow(0, 0, rank) / scale_).sqrt();
  initial_A.copy_(roots.unsqueeze(1) * vt.narrow(0, 0, rank));
  initial_B.copy_(u.narrow(1, 0, rank) * roots);
  lora_A.copy_(initial_A);
  lora_B.copy_(initial_B);
}

Adapter::Stored LoraImpl::stored() {
  if (!is_pissa()) return Adapter::stored();
  return {options_.as_stored(),
          {{"lora_A", torch::cat({lora_A.detach(), initial_A}, 0)},
           {"lora_B", torch::cat({lora_B.detach(), -initial_B}, 1)}}};
}

void LoraImpl::reset() {
  lora_A = register_parameter("lora_A", torch::empty_like(lora_A), lora_A.requires_grad());
  lora_B = register_parameter("lora_B", torch::empty_like(lora_B), lora_B.requires_grad());
  if (is_pissa()) {
    initial_A = register_buffer("initial_A", torch::empty_like(initial_A));
    initial_B = register_buffer("initial_B", torch::empty_like(initial_B));
  }
  dropout_ = register_module("dropout", Dropout(*dropout_));
}

void LoraImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Lora(rank=" << lora_A.size(0) << ", scale=" << scale_
         << ", in_features=" << lora_A.size(1) << ", out_features=" << lora_B.size(0) << ")";
}

torch::Tensor LoraImpl::forward(const torch::Tensor& x, const torch::Tensor& y,
                                const torch::Tensor& /*weight*/) {
  // Scaled where it is narrowest.
  const auto delta = apply_linear(apply_linear(dropout_(x), lora_A) * scale_, lora_B);
  if (!is_pissa()) return y + delta;
  return y + (delta - apply_linear(apply_linear(x, initial_A) * scale_, initial_B));
}

torch::Tensor LoraImpl::merged_weight(const torch::Tensor& weight) const {
  return weight + delta_weight();
}

torch::Tensor LoraImpl::delta_weight() const {
  const auto product = torch::matmul(lora_B, lora_A);
  return (is_pissa() ? product - torch::matmul(initial_B, initial_A) : product) * scale_;
}

}  // namespace minillama
