#include "minillama/ops/linear.h"

#include "minillama/core/check.h"
#include "minillama/ops/bfloat16_linear.h"
#include "minillama/ops/precision.h"
#include "minillama/ops/product.h"

namespace minillama {
namespace {

void check(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
           bool rounded) {
  require_shape(weight, "linear: weight", {kAny, kAny});
  require_width(x, "linear: x", weight.size(1));
  require_device(x, "linear: x", weight.device());
  if (!rounded && x.scalar_type() != weight.scalar_type()) {
    throw OptionError(
        fmt::format("linear: x is {}, weight is {}: of two types", describe(x), describe(weight)));
  }
  if (!bias.defined()) return;
  require_shape(bias, "linear: bias", {weight.size(0)});
  require_device(bias, "linear: bias", weight.device());
}

}  // namespace

torch::Tensor apply_linear(const torch::Tensor& x, const torch::Tensor& weight,
                           const torch::Tensor& bias) {
  const bool rounded = x.defined() && precision_on(x.device()) == Precision::bfloat16;
  check(x, weight, bias, rounded);
  if (rounded) {
    return plus_bias(bfloat16_linear(x, weight), bias);
  }
  const bool one_row = x.numel() == x.size(-1);
  const bool differentiated =
      torch::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  if (!one_row || differentiated) {
    if (!product_is_shared(x.device(), x.numel() * weight.size(0))) {
      return torch::linear(x, weight, bias);
    }
    return plus_bias(shared_linear(x, weight), bias);
  }
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  return plus_bias(product(weight, x.reshape(-1)).view(shape), bias);
}

torch::Tensor plus_bias(const torch::Tensor& y, const torch::Tensor& bias) {
  return bias.defined() ? (y + bias).to(y.scalar_type()) : y;
}

}  // namespace minillama
