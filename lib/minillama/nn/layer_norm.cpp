#include "minillama/nn/layer_norm.h"

#include "minillama/nn/fused_norm.h"

namespace minillama {

LayerNormImpl::LayerNormImpl(std::int64_t dim, double eps)
    : NormImpl(dim, eps, /*with_bias=*/true) {}

torch::Tensor LayerNormImpl::forward(const torch::Tensor& x) {
  require_input(x);
  if (norm_is_fused(x, weight)) {
    return fused_norm(x, weight, bias, eps_, /*centered=*/true, norm_output_type(x));
  }
  const auto input = to_statistics_type(x);
  const auto centered = input - input.mean(-1, /*keepdim=*/true);
  const auto variance = centered.square().mean(-1, /*keepdim=*/true);
  return (centered * torch::rsqrt(variance + eps_) * weight + bias).to(norm_output_type(x));
}

}  // namespace minillama
