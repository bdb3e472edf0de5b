#include "minillama/adapters/prefix.h"

#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/random.h"

namespace minillama {

PrefixImpl::PrefixImpl(const torch::Tensor& weight, const PrefixOptions& options,
                       torch::Generator generator, std::string_view /*linear*/)
    : options_(options) {
  options_.validate();
  require_shape(weight, "prefix: weight", {kAny, kAny});
  const auto type = torch::TensorOptions(weight.dtype()).device(weight.device());
  prefix =
      register_parameter("prefix", torch::empty({weight.size(0), options_.n_virtual_tokens}, type));
  reset_parameters(weight, std::move(generator));
}

void PrefixImpl::reset_parameters(const torch::Tensor& /*weight*/, torch::Generator generator) {
  draw_normal(prefix, 0.02, std::move(generator));
}

void PrefixImpl::reset() {
  prefix = register_parameter("prefix", torch::empty_like(prefix), prefix.requires_grad());
}

void PrefixImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Prefix(virtual_tokens=" << prefix.size(1)
         << ", out_features=" << prefix.size(0) << ")";
}

torch::Tensor PrefixImpl::merged_weight(const torch::Tensor& /*weight*/) const {
  throw OptionError("a prefix cannot become part of the weights: it is keys and values");
}

}  // namespace minillama
