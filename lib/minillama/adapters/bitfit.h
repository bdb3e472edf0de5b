#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/nn/adapter.h"
#include "minillama/weights/bitfit_options.h"

namespace minillama {

/// BitFit of a linear map (Ben Zaken et al. 2022, arXiv:2106.10199): y = W x + b + c, of which c
/// alone is trained; b where the linear has one. c starts at 0, so that a new adapter changes no
/// number.
class BitfitImpl : public Adapter, public torch::nn::Cloneable<BitfitImpl> {
 public:
  /// An adapter for `weight` [out, in], with its dtype and device. Draws nothing. Throws
  /// OptionError if the options cannot be used or `weight` is no matrix.
  BitfitImpl(const torch::Tensor& weight, const BitfitOptions& options,
             torch::Generator generator = {}, std::string_view linear = "");

  torch::Tensor bias(const torch::Tensor& bias) const override;
  torch::Tensor merged_weight(const torch::Tensor& weight) const override { return weight; }

  /// Needs neither.
  void reset_parameters(const torch::Tensor& weight, torch::Generator generator) override;

  AdapterOptions options() const override { return options_; }

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor bitfit_bias;  ///< c, [out]

 private:
  BitfitOptions options_;
};
TORCH_MODULE(Bitfit);

}  // namespace minillama
