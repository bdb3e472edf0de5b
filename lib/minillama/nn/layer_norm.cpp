#include "minillama/nn/layer_norm.h"

#include "minillama/core/check.h"
#include "minillama/nn/fused_norm.h"

namespace minillama {

torch::Tensor layer_norm(const torch::Tensor& x, const torch::Tensor& weight,
                         const torch::Tensor& bias, double eps) {
  require_norm_arguments(x, weight);
  require_shape(bias, "the bias of a norm", {weight.size(0)});
  require_device(bias, "the bias of a norm", weight.device());
  if (norm_is_fused(x, weight)) {
    return fused_norm(x, weight, bias, eps, /*centered=*/true, norm_output_type(x));
  }
  const auto input = to_statistics_type(x);
  const auto centered = input - input.mean(-1, /*keepdim=*/true);
  const auto variance = centered.square().mean(-1, /*keepdim=*/true);
  return (centered * torch::rsqrt(variance + eps) * weight + bias).to(norm_output_type(x));
}

}  // namespace minillama
