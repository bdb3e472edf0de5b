#include "minillama/nn/linear.h"

namespace minillama {

torch::Tensor apply_linear(const torch::Tensor& x, const torch::Tensor& weight) {
  const bool one_row = x.numel() == x.size(-1);
  const bool differentiated =
      torch::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  if (!one_row || differentiated) return torch::linear(x, weight);
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  return weight.mv(x.reshape(-1)).view(shape);
}

LinearImpl::LinearImpl(std::int64_t in_features, std::int64_t out_features) {
  weight = register_parameter("weight", torch::empty({out_features, in_features}));
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) {
  return apply_linear(x, weight);
}

}  // namespace minillama
