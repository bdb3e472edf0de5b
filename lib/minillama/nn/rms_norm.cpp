#include "minillama/nn/rms_norm.h"

#include "minillama/nn/fused_norm.h"

namespace minillama {

RMSNormImpl::RMSNormImpl(std::int64_t dim, double eps) : NormImpl(dim, eps, /*with_bias=*/false) {}

torch::Tensor RMSNormImpl::forward(const torch::Tensor& x) {
  require_input(x);
  if (norm_is_fused(x, weight)) {
    return fused_norm(x, weight, /*bias=*/{}, eps_, /*centered=*/false, norm_output_type(x));
  }
  const auto input = to_statistics_type(x);
  const auto mean_square = input.square().mean(-1, /*keepdim=*/true);
  return (input * torch::rsqrt(mean_square + eps_) * weight).to(norm_output_type(x));
}

}  // namespace minillama
