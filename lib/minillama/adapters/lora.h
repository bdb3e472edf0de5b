#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/nn/adapter.h"
#include "minillama/nn/dropout.h"
#include "minillama/weights/lora_options.h"

namespace minillama {

/// Low-rank adaptation of a linear map (Hu et al. 2021, arXiv:2106.09685):
///
///     y = W x + delta(x),  delta(x) = s B A dropout(x)
///
/// with s = alpha / r or, rank-stabilised, alpha / sqrt(r). B starts at 0, so that a new adapter
/// changes nothing. One of LoraInit::pissa starts with the principal part of W, A0 and B0, and
///
///     y = (W - s B0 A0) x + delta(x)
///
/// where the residual is never computed: W, which may be frozen and in any format, stays as it is,
/// and what B0 A0 x is taken from it where y is made. As A and B begin with the same values, what
/// a new one adds is 0.
class LoraImpl : public Adapter, public torch::nn::Cloneable<LoraImpl> {
 public:
  /// An adapter for `weight` [out, in], with its dtype and device.
  ///
  /// @param generator draws A ~ normal(0, 0.02) now and the dropout masks later
  /// @param linear    the full name of what the weight is of, for ranks and alphas of its own
  /// Throws OptionError if the options cannot be used or `weight` is no matrix.
  LoraImpl(const torch::Tensor& weight, const LoraOptions& options, torch::Generator generator,
           std::string_view linear = "");

  /// y + delta(x) for x [..., in] and y [..., out]; throws like apply_linear() (ops/linear.h).
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y,
                        const torch::Tensor& weight) override;

  /// weight + delta_weight()
  torch::Tensor merged_weight(const torch::Tensor& weight) const override;

  /// What the adapter adds to the weight, s (B A - B0 A0), [out, in].
  torch::Tensor delta_weight() const;

  /// Draws A ~ normal(0, 0.02) and makes B 0, or decomposes `weight`.
  void reset_parameters(const torch::Tensor& weight, torch::Generator generator) override;

  AdapterOptions options() const override { return options_; }

  /// One of pissa as LoRA of twice the rank: A over A0, and B beside -B0.
  Stored stored() override;

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor lora_A;  ///< [r, in]
  torch::Tensor lora_B;  ///< [out, r]
  /// What they began with, if that was pissa, else undefined. Buffers: they are never trained.
  torch::Tensor initial_A, initial_B;

 private:
  bool is_pissa() const { return initial_A.defined(); }
  void take_principal_part(const torch::Tensor& weight);

  LoraOptions options_;
  double scale_;  // s
  Dropout dropout_{nullptr};
};
TORCH_MODULE(Lora);

}  // namespace minillama
