#include "minillama/optim/adamw_update.h"

#include <cmath>

#include <ATen/Parallel.h>

#include "minillama/kernels/adamw.h"

namespace minillama {
namespace {

using kernels::AdamWScalars;

AdamWScalars scalars(const AdamWOptions& options, std::int64_t step, double grad_scale) {
  const bool decoupled = options.variant == AdamWVariant::decoupled;
  const double correction1 = 1 - std::pow(options.beta1, step);
  const double correction2 = std::sqrt(1 - std::pow(options.beta2, step));
  const double decay = options.lr * options.weight_decay;
  return {.grad_scale = grad_scale,
          .beta1 = options.beta1,
          .beta2 = options.beta2,
          .decay_before = decoupled ? decay : 0,
          .step_size = options.lr / correction1 * (decoupled ? 1 : correction2),
          .denominator_scale = decoupled ? 1 / correction2 : 1,
          .eps = options.resolved_eps(),
          .decay_after = decoupled ? 0 : decay};
}

/// The kernel on the whole of contiguous tensors, each thread taking a part.
template <typename T>
void fused_step(const AdamWScalars& s, const torch::Tensor& parameter, const torch::Tensor& grad,
                const torch::Tensor& m, const torch::Tensor& v) {
  constexpr std::int64_t kGrain = std::int64_t{1} << 15;  // smaller parts cost more than they save
  T* p_data = parameter.data_ptr<T>();
  const T* grad_data = grad.data_ptr<T>();
  T* m_data = m.data_ptr<T>();
  T* v_data = v.data_ptr<T>();
  at::parallel_for(0, parameter.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels::adamw_step<T>(kernels::best_isa(), s, end - begin, p_data + begin, grad_data + begin,
                           m_data + begin, v_data + begin);
  });
  parameter.unsafeGetTensorImpl()->bump_version();  // autograd cannot see writes through a pointer
}

/// The same with tensor operations, for any device, layout and dtype.
void plain_step(const AdamWScalars& s, const torch::Tensor& parameter, const torch::Tensor& grad,
                const torch::Tensor& m, const torch::Tensor& v) {
  const torch::Tensor g = grad.to(m.scalar_type()) * s.grad_scale;
  m.mul_(s.beta1).add_(g, 1 - s.beta1);
  v.mul_(s.beta2).addcmul_(g, g, 1 - s.beta2);
  const torch::Tensor p = parameter.to(m.scalar_type());  // parameter itself, or a wider copy
  p.sub_(p * s.decay_before);
  p.addcdiv_(m, v.sqrt().mul_(s.denominator_scale).add_(s.eps), -s.step_size);
  p.sub_(p * s.decay_after);
  if (!p.is_same(parameter)) parameter.copy_(p);
}

}  // namespace

void adamw_update(const AdamWOptions& options, std::int64_t step, double grad_scale,
                  const torch::Tensor& parameter, const torch::Tensor& grad, const torch::Tensor& m,
                  const torch::Tensor& v) {
  const AdamWScalars s = scalars(options, step, grad_scale);
  const auto suits_kernel = [&](const torch::Tensor& x) {
    return x.is_cpu() && x.is_contiguous() && x.scalar_type() == parameter.scalar_type();
  };
  const bool fused =
      suits_kernel(parameter) && suits_kernel(grad) && suits_kernel(m) && suits_kernel(v);
  if (fused && parameter.scalar_type() == torch::kFloat) {
    fused_step<float>(s, parameter, grad, m, v);
  } else if (fused && parameter.scalar_type() == torch::kDouble) {
    fused_step<double>(s, parameter, grad, m, v);
  } else {
    plain_step(s, parameter, grad, m, v);
  }
}

}  // namespace minillama
