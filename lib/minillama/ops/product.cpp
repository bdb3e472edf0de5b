#include "minillama/ops/product.h"

#include <torch/autograd.h>

#include "minillama/core/device.h"
#include "minillama/core/thread_pool.h"
#include "minillama/kernels/dispatch.h"
#include "minillama/ops/fused.h"

namespace minillama {
namespace {

void compute(const torch::Tensor& a, const torch::Tensor& b, torch::Tensor y) {
  if (b.dim() == 1) {
    torch::mv_out(y, a, b);
  } else {
    torch::mm_out(y, a, b);
  }
}

struct SharedLinear : torch::autograd::Function<SharedLinear> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight) {
    context->save_for_backward({x, weight});
    context->saved_data["x_needed"] = x.requires_grad();
    context->saved_data["weight_needed"] = weight.requires_grad();
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return product(x.reshape({-1, weight.size(1)}), weight.t()).view(shape);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    refuse_second_derivative("linear map");
    const auto saved = context->get_saved_variables();
    const auto& [x, weight] = std::tie(saved[0], saved[1]);
    const auto grad = grads[0].reshape({-1, weight.size(0)});
    torch::Tensor grad_x;
    torch::Tensor grad_weight;
    if (context->saved_data["x_needed"].toBool()) grad_x = product(grad, weight).view(x.sizes());
    if (context->saved_data["weight_needed"].toBool()) {
      grad_weight = product(grad.t(), x.reshape({-1, weight.size(1)}));
    }
    return {grad_x, grad_weight};
  }
};

}  // namespace

bool sums_in_float(const torch::Tensor& factor, std::int64_t multiplications) {
  // From more than so many on LibTorch leaves them to oneDNN.
  constexpr std::int64_t kFew = 16 * 16 * 16;
  return !factor.is_cpu() || factor.scalar_type() != torch::kBFloat16 ||
         (kernels::best_isa() == kernels::Isa::avx512 && multiplications > kFew);
}

bool product_is_shared(torch::Device device, std::int64_t multiplications) {
  // Some dozens of microseconds for one thread: as long as another one takes to wake up.
  constexpr std::int64_t kWorthSharing = std::int64_t{1} << 21;
  return device.is_cpu() && multiplications >= kWorthSharing && threads() > 1 && !is_in_team();
}

torch::Tensor product(const torch::Tensor& a, const torch::Tensor& b) {
  const auto columns = b.dim() == 1 ? 1 : b.size(1);
  // With one column a multiplication takes as long as reading its factor from memory.
  constexpr std::int64_t kReading = 16;
  if (!product_is_shared(a.device(), a.numel() * (columns == 1 ? kReading : columns))) {
    return a.matmul(b);
  }
  const auto n_rows = a.size(0);
  const auto y = b.dim() == 1 ? torch::empty({n_rows}, a.options())
                              : torch::empty({n_rows, columns}, a.options());
  // Along the longer side: sgemm reorders the whole of the other operand for each part.
  const bool by_columns = columns > n_rows;
  const auto size = by_columns ? columns : n_rows;
  const auto share = (size + threads() - 1) / threads();
  parallel_for(size, share, [&](std::int64_t begin, std::int64_t end) {
    const SerialLibTorch serial;
    const at::AutoDispatchBelowADInplaceOrView plain;  // nothing records on any thread
    const auto length = end - begin;
    if (by_columns) {
      compute(a, b.narrow(1, begin, length), y.narrow(1, begin, length));
    } else {
      compute(a.narrow(0, begin, length), b, y.narrow(0, begin, length));
    }
  });
  return y;
}

torch::Tensor shared_linear(const torch::Tensor& x, const torch::Tensor& weight) {
  return SharedLinear::apply(x, weight);
}

}  // namespace minillama
