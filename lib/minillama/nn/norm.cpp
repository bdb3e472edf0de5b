#include "minillama/nn/norm.h"

#include <cmath>

#include "minillama/core/check.h"
#include "minillama/ops/norm.h"

namespace minillama {

NormImpl::NormImpl(NormKind kind, std::int64_t dim, double eps) : kind_(kind), eps_(eps) {
  require(dim >= 1, "norm: dim", dim, "be at least 1");
  require(std::isfinite(eps) && eps >= 0, "norm: eps", eps, "be finite and not negative");
  weight = register_parameter("weight", torch::ones({dim}));
  if (kind == NormKind::layernorm) bias = register_parameter("bias", torch::zeros({dim}));
}

torch::Tensor NormImpl::forward(const torch::Tensor& x) {
  return kind_ == NormKind::layernorm ? layer_norm(x, weight, bias, eps_)
                                      : rms_norm(x, weight, eps_);
}

void NormImpl::reset() {
  weight = register_parameter("weight", torch::empty_like(weight), weight.requires_grad());
  if (!bias.defined()) return;
  bias = register_parameter("bias", torch::empty_like(bias), bias.requires_grad());
}

void NormImpl::reset_parameters() {
  const torch::NoGradGuard no_grad;
  weight.fill_(1);
  if (bias.defined()) bias.zero_();
}

void NormImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::" << (kind_ == NormKind::layernorm ? "LayerNorm" : "RMSNorm")
         << "(dim=" << weight.size(0) << ", eps=" << eps_ << ")";
}

Norm make_norm(const ModelConfig& config) {
  return Norm(config.norm, config.dim, config.norm_eps);
}

}  // namespace minillama
