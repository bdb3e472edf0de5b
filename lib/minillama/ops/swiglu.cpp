#include "minillama/ops/swiglu.h"

#include <torch/autograd.h>

#include "minillama/core/check.h"
#include "minillama/kernels/swiglu.h"
#include "minillama/ops/fused.h"
#include "minillama/ops/norm.h"

namespace minillama {
namespace {

struct FusedSwiglu : torch::autograd::Function<FusedSwiglu> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               const torch::Tensor& gate_input, const torch::Tensor& up_input) {
    const auto gate = gate_input.contiguous();
    const auto up = up_input.contiguous();
    const auto y = torch::empty_like(gate);
    with_element_type(gate, [&]<typename T>(T) {
      parallel_over(gate.numel(), 1, [&](std::int64_t begin, std::int64_t end) {
        kernels::swiglu_forward(kernels::best_isa(), static_cast<std::size_t>(end - begin),
                                elements<T>(gate) + begin, elements<T>(up) + begin,
                                elements<T>(y) + begin);
      });
    });
    context->save_for_backward({gate, up});
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    refuse_second_derivative("swiglu");
    const auto saved = context->get_saved_variables();
    const auto& gate = saved[0];
    const auto& up = saved[1];
    const auto grad_y = grads[0].contiguous();
    const auto grad_gate = torch::empty_like(gate);
    const auto grad_up = torch::empty_like(up);
    with_element_type(gate, [&]<typename T>(T) {
      parallel_over(gate.numel(), 1, [&](std::int64_t begin, std::int64_t end) {
        kernels::swiglu_backward(kernels::best_isa(), static_cast<std::size_t>(end - begin),
                                 elements<T>(gate) + begin, elements<T>(up) + begin,
                                 elements<T>(grad_y) + begin, elements<T>(grad_gate) + begin,
                                 elements<T>(grad_up) + begin);
      });
    });
    return {grad_gate, grad_up};
  }
};

}  // namespace

torch::Tensor swiglu(const torch::Tensor& gate, const torch::Tensor& up) {
  if (!gate.defined() || !up.defined() || gate.sizes() != up.sizes()) {
    throw OptionError(
        fmt::format("swiglu: gate is {}, up is {}: not alike", describe(gate), describe(up)));
  }
  const bool same_type = gate.scalar_type() == up.scalar_type();
  if (!suits_kernels(gate) || !same_type) return plain_swiglu(gate, up);
  return FusedSwiglu::apply(gate, up);
}

torch::Tensor plain_swiglu(const torch::Tensor& gate, const torch::Tensor& up) {
  // One rounding of half types, as the kernel does it.
  return (torch::silu(to_statistics_type(gate)) * up)
      .to(torch::promote_types(gate.scalar_type(), up.scalar_type()));
}

}  // namespace minillama
