#include "minillama/nn/norm.h"

#include "minillama/nn/layer_norm.h"
#include "minillama/nn/rms_norm.h"

namespace minillama {

Norm make_norm(const ModelConfig& config) {
  std::shared_ptr<NormImpl> norm;
  if (config.norm == NormKind::layernorm) {
    norm = std::make_shared<LayerNormImpl>(config.dim, config.norm_eps);
  } else {
    norm = std::make_shared<RMSNormImpl>(config.dim, config.norm_eps);
  }
  return Norm(norm);
}

torch::Tensor to_statistics_type(const torch::Tensor& x) {
  const bool half = x.scalar_type() == torch::kHalf || x.scalar_type() == torch::kBFloat16;
  return half ? x.to(torch::kFloat) : x;
}

}  // namespace minillama
