#include "minillama/nn/dropout.h"

#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/random.h"

namespace minillama {

DropoutImpl::DropoutImpl(double p, torch::Generator generator)
    : p_(p), generator_(std::move(generator)) {
  require(p >= 0 && p < 1, "dropout", p, "lie in [0, 1)");
  if (p > 0) require_generator(generator_);
}

torch::Tensor DropoutImpl::forward(const torch::Tensor& x) {
  if (!is_active()) return x;
  const auto kept = torch::empty_like(x).bernoulli_(1 - p_, generator_for(x.device(), generator_));
  return x * kept.div_(1 - p_);
}

void DropoutImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Dropout(p=" << p_ << ")";
}

}  // namespace minillama
