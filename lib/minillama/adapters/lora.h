#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/nn/adapter.h"
#include "minillama/nn/dropout.h"
#include "minillama/weights/lora_options.h"

namespace minillama {

/// Low-rank adaptation of a linear map (Hu et al. 2021, arXiv:2106.09685):
///
///     y = W x + delta(x),  delta(x) = (alpha / r) B A dropout(x)
///
/// B starts at 0, so that a new adapter changes nothing.
class LoraImpl : public Adapter, public torch::nn::Cloneable<LoraImpl> {
 public:
  /// An adapter for `weight` [out, in], with its dtype and device.
  ///
  /// @param generator draws A ~ normal(0, 0.02) now and the dropout masks later
  /// Throws OptionError if the options cannot be used or `weight` is no matrix.
  LoraImpl(const torch::Tensor& weight, const LoraOptions& options, torch::Generator generator);

  /// y + delta(x) for x [..., in] and y [..., out]; throws like apply_linear() (ops/linear.h).
  /// Needs no `weight`.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y,
                        const torch::Tensor& weight) override;

  /// weight + (alpha / r) B A
  torch::Tensor merged_weight(const torch::Tensor& weight) const override;

  /// What the adapter adds to the weight, (alpha / r) B A, [out, in].
  torch::Tensor delta_weight() const;

  /// Draws A ~ normal(0, 0.02) and makes B 0. Needs no `weight`.
  void reset_parameters(const torch::Tensor& weight, torch::Generator generator) override;

  AdapterOptions options() const override { return options_; }

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor lora_A;  ///< [r, in]
  torch::Tensor lora_B;  ///< [out, r]

 private:
  LoraOptions options_;
  Dropout dropout_{nullptr};
};
TORCH_MODULE(Lora);

}  // namespace minillama
