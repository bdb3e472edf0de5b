#include "minillama/train/divergence.h"

namespace minillama {

torch::Tensor symmetric_divergence(const torch::Tensor& p, const torch::Tensor& q,
                                   const ObjectiveBatch& batch) {
  const auto log_p = p.log_softmax(-1);
  const auto log_q = q.log_softmax(-1);
  auto divergences = ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(-1);  // [B]
  if (batch.weights.defined()) divergences = divergences * batch.weights;
  return divergences.sum() / batch.divisor;
}

}  // namespace minillama
