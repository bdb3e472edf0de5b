#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/nn/adapter.h"
#include "minillama/weights/ia3_options.h"

namespace minillama {

/// (IA)^3 of a linear map (Liu et al. 2022, arXiv:2205.05638): y = l (W x + b) or, of its input,
/// y = W (l x) + b. l starts at 1, so that a new adapter changes no bit.
class Ia3Impl : public Adapter, public torch::nn::Cloneable<Ia3Impl> {
 public:
  /// An adapter for `weight` [out, in], with its dtype and device, of the linear of that full name,
  /// which says whether its input is scaled. Draws nothing. Throws OptionError if the options
  /// cannot be used or `weight` is no matrix.
  Ia3Impl(const torch::Tensor& weight, const Ia3Options& options, torch::Generator generator = {},
          std::string_view linear = "");

  torch::Tensor input(const torch::Tensor& x) override;
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y,
                        const torch::Tensor& weight) override;
  torch::Tensor bias(const torch::Tensor& bias) const override;
  torch::Tensor merged_weight(const torch::Tensor& weight) const override;

  /// Needs neither.
  void reset_parameters(const torch::Tensor& weight, torch::Generator generator) override;

  AdapterOptions options() const override { return options_; }

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor ia3_l;  ///< [out] or, of an input, [in]

 private:
  Ia3Options options_;
  bool of_input_;
};
TORCH_MODULE(Ia3);

}  // namespace minillama
