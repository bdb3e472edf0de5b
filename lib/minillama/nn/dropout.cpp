#include "minillama/nn/dropout.h"

#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/random.h"

namespace minillama {
namespace {

/// What the thread's innermost scope has to draw from; undefined outside of scopes.
thread_local torch::Generator scope_generator;

}  // namespace

DropoutImpl::DropoutImpl(double p, torch::Generator generator)
    : p_(p), generator_(std::move(generator)) {
  require(p >= 0 && p < 1, "dropout", p, "lie in [0, 1)");
  if (p > 0) require_generator(generator_);
}

torch::Tensor DropoutImpl::forward(const torch::Tensor& x) {
  if (!is_active()) return x;
  const auto& generator = scope_generator.defined() ? scope_generator : generator_;
  const auto kept = torch::empty_like(x).bernoulli_(1 - p_, generator_for(x.device(), generator));
  return x * kept.div_(1 - p_);
}

void DropoutImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Dropout(p=" << p_ << ")";
}

std::vector<torch::Generator> pass_generators(const torch::nn::Module& module,
                                              std::int64_t n_passes) {
  for (const auto& child : module.modules()) {
    const auto* dropout = child->as<DropoutImpl>();
    if (dropout != nullptr && dropout->is_active()) {
      return make_generators(dropout->generator(), n_passes);
    }
  }
  return std::vector<torch::Generator>(static_cast<std::size_t>(n_passes));
}

DropoutScope::DropoutScope(torch::Generator generator)
    : before_(scope_generator), is_set_(generator.defined()) {
  if (!is_set_) return;
  require_generator(generator);
  scope_generator = std::move(generator);
}

DropoutScope::~DropoutScope() {
  if (is_set_) scope_generator = before_;
}

torch::Generator dropout_generator() {
  return scope_generator;
}

}  // namespace minillama
