#include "minillama/nn/norm.h"

#include <cmath>

#include "minillama/core/check.h"
#include "minillama/nn/layer_norm.h"
#include "minillama/nn/rms_norm.h"

namespace minillama {

NormImpl::NormImpl(std::int64_t dim, double eps, bool with_bias) : eps_(eps) {
  require(dim >= 1, "norm: dim", dim, "be at least 1");
  require(std::isfinite(eps) && eps >= 0, "norm: eps", eps, "be finite and not negative");
  weight = register_parameter("weight", torch::ones({dim}));
  if (with_bias) bias = register_parameter("bias", torch::zeros({dim}));
}

void NormImpl::register_again() {
  weight = register_parameter("weight", torch::empty_like(weight), weight.requires_grad());
  if (!bias.defined()) return;
  bias = register_parameter("bias", torch::empty_like(bias), bias.requires_grad());
}

void NormImpl::reset_parameters() {
  const torch::NoGradGuard no_grad;
  weight.fill_(1);
  if (bias.defined()) bias.zero_();
}

void NormImpl::require_input(const torch::Tensor& x) const {
  require_width(x, "the input of a norm", weight.size(0));
  require_device(x, "the input of a norm", weight.device());
}

void NormImpl::print(std::ostream& stream, std::string_view kind) const {
  stream << "minillama::" << kind << "(dim=" << weight.size(0) << ", eps=" << eps_ << ")";
}

Norm make_norm(const ModelConfig& config) {
  std::shared_ptr<NormImpl> norm;
  if (config.norm == NormKind::layernorm) {
    norm = std::make_shared<LayerNormImpl>(config.dim, config.norm_eps);
  } else {
    norm = std::make_shared<RMSNormImpl>(config.dim, config.norm_eps);
  }
  return Norm(norm);
}

Norm shallow_copy(const Norm& norm) {
  std::shared_ptr<NormImpl> copy;
  if (const auto* layer_norm = norm->as<LayerNormImpl>()) {
    copy = std::make_shared<LayerNormImpl>(*layer_norm);
  } else {
    copy = std::make_shared<RMSNormImpl>(*norm->as<RMSNormImpl>());
  }
  return Norm(copy);
}

torch::Tensor to_statistics_type(const torch::Tensor& x) {
  const bool half = x.scalar_type() == torch::kHalf || x.scalar_type() == torch::kBFloat16;
  return half ? x.to(torch::kFloat) : x;
}

}  // namespace minillama
