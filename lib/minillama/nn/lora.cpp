#include "minillama/nn/lora.h"

#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/nn/linear.h"

namespace minillama {

void LoraOptions::validate() const {
  constexpr std::int64_t kLargestRank = 65536;
  if (rank < 1 || rank > kLargestRank) {
    throw OptionError(
        fmt::format("lora: rank is {}, must lie between 1 and {}", rank, kLargestRank));
  }
  if (!std::isfinite(alpha)) throw OptionError(fmt::format("lora: alpha is {}", alpha));
  if (!(dropout >= 0 && dropout < 1)) {
    throw OptionError(fmt::format("lora: dropout is {}, must lie in [0, 1)", dropout));
  }
  if (targets.empty()) throw OptionError("lora: targets names no linear");
}

LoraImpl::LoraImpl(const torch::Tensor& weight, const LoraOptions& options,
                   torch::Generator generator)
    : options_(options) {
  options_.validate();
  // Drawn as float32 on the CPU, so that the numbers depend on neither dtype nor device.
  const auto a = torch::empty({options_.rank, weight.size(1)}).normal_(0, 0.02, generator);
  const auto type = torch::TensorOptions(weight.dtype()).device(weight.device());
  lora_A = register_parameter("lora_A", a.to(type));
  lora_B = register_parameter("lora_B", torch::zeros({weight.size(0), options_.rank}, type));
  dropout_ = register_module("dropout", Dropout(options_.dropout, std::move(generator)));
}

torch::Tensor LoraImpl::forward(const torch::Tensor& x) {
  // Scaled where it is narrowest.
  return apply_linear(apply_linear(dropout_(x), lora_A) * scale(), lora_B);
}

torch::Tensor LoraImpl::delta_weight() const {
  return torch::matmul(lora_B, lora_A) * scale();
}

}  // namespace minillama
