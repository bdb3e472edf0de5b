#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/nn/dropout.h"
#include "minillama/weights/lora_options.h"

namespace minillama {

/// What low-rank adaptation adds to a linear map (Hu et al. 2021, arXiv:2106.09685):
///
///     delta(x) = (alpha / r) B A dropout(x)
///
/// B starts at 0, so that a new adapter changes nothing.
class LoraImpl : public torch::nn::Cloneable<LoraImpl> {
 public:
  /// An adapter for `weight` [out, in], with its dtype and device.
  ///
  /// @param generator draws A ~ normal(0, 0.02) now and the dropout masks later
  /// Throws OptionError if the options cannot be used or `weight` is no matrix.
  LoraImpl(const torch::Tensor& weight, const LoraOptions& options, torch::Generator generator);

  /// x [..., in] -> delta(x) [..., out]; throws like apply_linear() (nn/linear.h).
  torch::Tensor forward(const torch::Tensor& x);

  /// What the adapter adds to the weight, (alpha / r) B A, [out, in].
  torch::Tensor delta_weight() const;

  const LoraOptions& options() const { return options_; }

  /// Draws A ~ normal(0, 0.02) and makes B 0.
  void reset_parameters(torch::Generator generator);

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor lora_A;  ///< [r, in]
  torch::Tensor lora_B;  ///< [out, r]

 private:
  double scale() const { return options_.alpha / static_cast<double>(options_.rank); }

  LoraOptions options_;
  Dropout dropout_{nullptr};
};
TORCH_MODULE(Lora);

}  // namespace minillama
