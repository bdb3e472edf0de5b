#include "minillama/optim/adamw_update.h"

#include <cmath>

#include "minillama/core/thread_pool.h"
#include "minillama/kernels/adamw.h"
#include "minillama/optim/blocks.h"

namespace minillama {
namespace {

using kernels::AdamWScalars;

AdamWScalars scalars(const AdamWUpdate& update) {
  const AdamWOptions& options = update.options;
  const bool decoupled = options.variant == AdamWVariant::decoupled;
  const double correction1 = 1 - std::pow(options.beta1, update.step);
  const double correction2 = std::sqrt(1 - std::pow(options.beta2, update.step));
  const double decay = options.lr * options.weight_decay;
  return {.grad_scale = update.grad_scale,
          .beta1 = options.beta1,
          .beta2 = options.beta2,
          .decay_before = decoupled ? decay : 0,
          .step_size = options.lr / correction1 * (decoupled ? 1 : correction2),
          .denominator_scale = decoupled ? 1 / correction2 : 1,
          .eps = options.resolved_eps(),
          .decay_after = decoupled ? 0 : decay};
}

bool suits_kernel(const AdamWUpdate& update) {
  const auto dtype = update.parameter.scalar_type();
  const auto suits = [&](const torch::Tensor& x) {
    return x.is_cpu() && x.is_contiguous() && x.scalar_type() == dtype;
  };
  return (dtype == torch::kFloat || dtype == torch::kDouble) && suits(update.parameter) &&
         suits(update.grad) && suits(update.m) && suits(update.v);
}

template <typename T>
void fused_step(const AdamWUpdate& update, const Block& block) {
  const auto part = [&](const torch::Tensor& x) { return x.data_ptr<T>() + block.begin; };
  kernels::adamw_step<T>(kernels::best_isa(), scalars(update), block.end - block.begin,
                         part(update.parameter), part(update.grad), part(update.m), part(update.v));
}

/// The same with tensor operations, for any device, layout and dtype.
void plain_step(const AdamWUpdate& update) {
  const AdamWScalars s = scalars(update);
  const torch::Tensor& parameter = update.parameter;
  const torch::Tensor& m = update.m;
  const torch::Tensor& v = update.v;
  const torch::Tensor g = update.grad.to(m.scalar_type()) * s.grad_scale;
  m.mul_(s.beta1).add_(g, 1 - s.beta1);
  v.mul_(s.beta2).addcmul_(g, g, 1 - s.beta2);
  const torch::Tensor p = parameter.to(m.scalar_type());  // parameter itself, or a wider copy
  p.sub_(p * s.decay_before);
  p.addcdiv_(m, v.sqrt().mul_(s.denominator_scale).add_(s.eps), -s.step_size);
  p.sub_(p * s.decay_after);
  if (!p.is_same(parameter)) parameter.copy_(p);
}

}  // namespace

void adamw_update(const std::vector<AdamWUpdate>& updates) {
  std::vector<const AdamWUpdate*> fused;
  std::vector<torch::Tensor> fused_parameters;
  for (const AdamWUpdate& update : updates) {
    if (suits_kernel(update)) {
      fused.push_back(&update);
      fused_parameters.push_back(update.parameter);
    } else {
      plain_step(update);
    }
  }

  const std::vector<Block> blocks = split_into_blocks(fused_parameters);
  parallel_for(std::ssize(blocks), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const AdamWUpdate& update = *fused[blocks[i].tensor];
      if (update.parameter.scalar_type() == torch::kFloat) {
        fused_step<float>(update, blocks[i]);
      } else {
        fused_step<double>(update, blocks[i]);
      }
    }
  });
  // Autograd cannot see writes through a pointer.
  for (const auto& parameter : fused_parameters) parameter.unsafeGetTensorImpl()->bump_version();
}

}  // namespace minillama
