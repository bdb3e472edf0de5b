#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/nn/adapter.h"
#include "minillama/weights/bottleneck_options.h"

namespace minillama {

/// A bottleneck behind a linear map (Houlsby et al. 2019, arXiv:1902.00751): of its output
/// h = W x + b
///
///     h + U relu(D h + d) + u
///
/// U, d and u start at 0, so that a new adapter changes no number. No weight computes that.
class BottleneckImpl : public Adapter, public torch::nn::Cloneable<BottleneckImpl> {
 public:
  /// An adapter for `weight` [out, in], with its dtype and device.
  ///
  /// @param generator draws D ~ normal(0, 0.02)
  /// Throws OptionError if the options cannot be used or `weight` is no matrix.
  BottleneckImpl(const torch::Tensor& weight, const BottleneckOptions& options,
                 torch::Generator generator, std::string_view linear = "");

  torch::Tensor output(const torch::Tensor& h) override;

  /// Throws OptionError.
  torch::Tensor merged_weight(const torch::Tensor& weight) const override;

  void reset_parameters(const torch::Tensor& weight, torch::Generator generator) override;

  AdapterOptions options() const override { return options_; }

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor bottleneck_down;       ///< D, [width, out]
  torch::Tensor bottleneck_down_bias;  ///< d, [width]
  torch::Tensor bottleneck_up;         ///< U, [out, width]
  torch::Tensor bottleneck_up_bias;    ///< u, [out]

 private:
  BottleneckOptions options_;
};
TORCH_MODULE(Bottleneck);

}  // namespace minillama
