#include "minillama/nn/layer_norm.h"

namespace minillama {

LayerNormImpl::LayerNormImpl(std::int64_t dim, double eps) : eps_(eps) {
  weight = register_parameter("weight", torch::ones({dim}));
  bias = register_parameter("bias", torch::zeros({dim}));
}

torch::Tensor LayerNormImpl::forward(const torch::Tensor& x) {
  const auto input = to_statistics_type(x);
  const auto centered = input - input.mean(-1, /*keepdim=*/true);
  const auto variance = centered.square().mean(-1, /*keepdim=*/true);
  return (centered * torch::rsqrt(variance + eps_) * weight + bias).to(x.scalar_type());
}

}  // namespace minillama
