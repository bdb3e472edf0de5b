#include "minillama/nn/rms_norm.h"

#include "minillama/nn/fused_norm.h"

namespace minillama {

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
