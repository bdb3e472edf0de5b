#include "minillama/adapters/bitfit.h"

#include "minillama/core/check.h"

namespace minillama {

BitfitImpl::BitfitImpl(const torch::Tensor& weight, const BitfitOptions& options,
                       torch::Generator /*generator*/, std::string_view /*linear*/)
    : options_(options) {
  options_.validate();
  require_shape(weight, "bitfit: weight", {kAny, kAny});
  const auto type = torch::TensorOptions(weight.dtype()).device(weight.device());
  bitfit_bias = register_parameter("bitfit_bias", torch::zeros({weight.size(0)}, type));
}

void BitfitImpl::reset_parameters(const torch::Tensor& /*weight*/, torch::Generator /*generator*/) {
  const torch::NoGradGuard no_grad;
  bitfit_bias.zero_();
}

void BitfitImpl::reset() {
  bitfit_bias = register_parameter("bitfit_bias", torch::empty_like(bitfit_bias),
                                   bitfit_bias.requires_grad());
}

void BitfitImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Bitfit(out_features=" << bitfit_bias.size(0) << ")";
}

torch::Tensor BitfitImpl::bias(const torch::Tensor& bias) const {
  return bias.defined() ? bias + bitfit_bias : bitfit_bias;
}

}  // namespace minillama
