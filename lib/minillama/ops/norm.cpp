#include "minillama/ops/norm.h"

#include "minillama/core/check.h"
#include "minillama/ops/fused_norm.h"

namespace minillama {

void require_norm_arguments(const torch::Tensor& x, const torch::Tensor& weight) {
  require_shape(weight, "the weight of a norm", {kAny});
  require_width(x, "the input of a norm", weight.size(0));
  require_device(x, "the input of a norm", weight.device());
}

torch::Tensor to_statistics_type(const torch::Tensor& x) {
  const bool half = x.scalar_type() == torch::kHalf || x.scalar_type() == torch::kBFloat16;
  return half ? x.to(torch::kFloat) : x;
}

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

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double eps) {
  require_norm_arguments(x, weight);
  if (norm_is_fused(x, weight)) {
    return fused_norm(x, weight, /*bias=*/{}, eps, /*centered=*/false, norm_output_type(x));
  }
  const auto input = to_statistics_type(x);
  const auto mean_square = input.square().mean(-1, /*keepdim=*/true);
  return (input * torch::rsqrt(mean_square + eps) * weight).to(norm_output_type(x));
}

}  // namespace minillama
