#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/nn/adapter.h"
#include "minillama/nn/dropout.h"
#include "minillama/weights/dora_options.h"

namespace minillama {

/// Weight-decomposed low-rank adaptation of a linear map (Liu et al. 2024, arXiv:2402.09353):
///
///     y = c (W x + s B A dropout(x)),   c = m / ||W + s B A||
///
/// with the norms of the rows, [out], taken as constants in the backward pass, as in section 4.3.
/// B starts at 0 and m at the norms of W, so that c is 1 and a new adapter changes no bit. It needs
/// the numbers of W in every pass.
class DoraImpl : public Adapter, public torch::nn::Cloneable<DoraImpl> {
 public:
  /// An adapter for `weight` [out, in], with its dtype and device.
  ///
  /// @param generator draws A ~ normal(0, 0.02) now and the dropout masks later
  /// @param linear    the full name of what the weight is of, for ranks and alphas of its own
  /// Throws OptionError if the options cannot be used or `weight` is no matrix.
  DoraImpl(const torch::Tensor& weight, const DoraOptions& options, torch::Generator generator,
           std::string_view linear = "");

  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y,
                        const torch::Tensor& weight) override;

  /// c (weight + s B A)
  torch::Tensor merged_weight(const torch::Tensor& weight) const override;

  void reset_parameters(const torch::Tensor& weight, torch::Generator generator) override;

  AdapterOptions options() const override { return options_; }

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor lora_A;                 ///< [r, in]
  torch::Tensor lora_B;                 ///< [out, r]
  torch::Tensor lora_magnitude_vector;  ///< m, [out]

 private:
  /// weight + s B A, [out, in]
  torch::Tensor direction(const torch::Tensor& weight) const;
  /// c, [out]
  torch::Tensor factors(const torch::Tensor& weight) const;

  DoraOptions options_;
  double scale_;  // s
  Dropout dropout_{nullptr};
};
TORCH_MODULE(Dora);

}  // namespace minillama
