#include "minillama/nn/dropout.h"

#include <utility>

namespace minillama {

DropoutImpl::DropoutImpl(double p, torch::Generator generator)
    : p_(p), generator_(std::move(generator)) {}

torch::Tensor DropoutImpl::forward(const torch::Tensor& x) {
  if (!is_active()) return x;
  const auto kept = torch::empty_like(x).bernoulli_(1 - p_, generator_);
  return x * kept.div_(1 - p_);
}

}  // namespace minillama
