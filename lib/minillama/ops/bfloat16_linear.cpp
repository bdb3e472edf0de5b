#include "minillama/ops/bfloat16_linear.h"

#include <torch/autograd.h>

#include "minillama/ops/fused.h"
#include "minillama/ops/product.h"

namespace minillama {
namespace {

struct BFloat16Linear : torch::autograd::Function<BFloat16Linear> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight) {
    const auto half_x = x.to(torch::kBFloat16);
    const auto half_weight = weight.to(torch::kBFloat16);
    context->save_for_backward({half_x, half_weight});
    context->saved_data["x_type"] = static_cast<std::int64_t>(x.scalar_type());
    context->saved_data["weight_type"] = static_cast<std::int64_t>(weight.scalar_type());
    context->saved_data["x_needed"] = x.requires_grad();
    context->saved_data["weight_needed"] = weight.requires_grad();
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return bfloat16_product(half_x.reshape({-1, weight.size(1)}), half_weight.t()).view(shape);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    refuse_second_derivative("linear map in bfloat16");
    const auto saved = context->get_saved_variables();
    const auto& x = saved[0];
    const auto& weight = saved[1];
    const auto type = [&](const char* name) {
      return static_cast<torch::ScalarType>(context->saved_data[name].toInt());
    };
    const auto grad = grads[0].to(torch::kBFloat16).reshape({-1, weight.size(0)});
    torch::Tensor grad_x;
    torch::Tensor grad_weight;
    if (context->saved_data["x_needed"].toBool()) {
      grad_x = bfloat16_product(grad, weight).view(x.sizes()).to(type("x_type"));
    }
    if (context->saved_data["weight_needed"].toBool()) {
      const auto rows = x.reshape({-1, weight.size(1)});
      grad_weight = bfloat16_product(grad.t(), rows).to(type("weight_type"));
    }
    return {grad_x, grad_weight};
  }
};

}  // namespace

torch::Tensor bfloat16_product(const torch::Tensor& a, const torch::Tensor& b) {
  if (sums_in_float(a, a.numel() * b.size(1))) return product(a, b);
  // As float32 it is faster, too.
  return product(a.to(torch::kFloat), b.to(torch::kFloat)).to(torch::kBFloat16);
}

torch::Tensor bfloat16_linear(const torch::Tensor& x, const torch::Tensor& weight) {
  return BFloat16Linear::apply(x, weight);
}

}  // namespace minillama
