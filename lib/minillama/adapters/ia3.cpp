#include "minillama/adapters/ia3.h"

#include "minillama/core/check.h"

namespace minillama {

Ia3Impl::Ia3Impl(const torch::Tensor& weight, const Ia3Options& options,
                 torch::Generator /*generator*/, std::string_view linear)
    : options_(options), of_input_(options.scales_input(linear)) {
  options_.validate();
  require_shape(weight, "ia3: weight", {kAny, kAny});
  const auto type = torch::TensorOptions(weight.dtype()).device(weight.device());
  ia3_l = register_parameter("ia3_l", torch::ones({weight.size(of_input_ ? 1 : 0)}, type));
}

void Ia3Impl::reset_parameters(const torch::Tensor& /*weight*/, torch::Generator /*generator*/) {
  const torch::NoGradGuard no_grad;
  ia3_l.fill_(1);
}

void Ia3Impl::reset() {
  ia3_l = register_parameter("ia3_l", torch::empty_like(ia3_l), ia3_l.requires_grad());
}

void Ia3Impl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Ia3(" << (of_input_ ? "in" : "out") << "_features=" << ia3_l.size(0) << ")";
}

torch::Tensor Ia3Impl::input(const torch::Tensor& x) {
  return of_input_ ? x * ia3_l.to(x.scalar_type()) : x;
}

torch::Tensor Ia3Impl::forward(const torch::Tensor& /*x*/, const torch::Tensor& y,
                               const torch::Tensor& /*weight*/) {
  return of_input_ ? y : y * ia3_l.to(y.scalar_type());
}

torch::Tensor Ia3Impl::bias(const torch::Tensor& bias) const {
  return of_input_ || !bias.defined() ? bias : bias * ia3_l;
}

torch::Tensor Ia3Impl::merged_weight(const torch::Tensor& weight) const {
  return of_input_ ? weight * ia3_l : weight * ia3_l.unsqueeze(1);
}

}  // namespace minillama
