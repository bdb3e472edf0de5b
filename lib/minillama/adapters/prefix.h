#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/nn/adapter.h"
#include "minillama/weights/prefix_options.h"

namespace minillama {

/// The keys or values of virtual tokens before every sequence (Li and Liang 2021,
/// arXiv:2101.00190), beside the linear that makes those of its tokens, whose outputs stay as they
/// are. Unlike other adapters, a new one does change what the model computes: attention is shared
/// with the virtual tokens, and the sequence's positions begin behind theirs.
class PrefixImpl : public Adapter, public torch::nn::Cloneable<PrefixImpl> {
 public:
  /// An adapter for `weight` [out, in], with its dtype and device.
  ///
  /// @param generator draws the prefix ~ normal(0, 0.02)
  /// Throws OptionError if the options cannot be used or `weight` is no matrix.
  PrefixImpl(const torch::Tensor& weight, const PrefixOptions& options, torch::Generator generator,
             std::string_view linear = "");

  torch::Tensor rows_before() const override { return prefix.t(); }

  /// Throws OptionError.
  torch::Tensor merged_weight(const torch::Tensor& weight) const override;

  void reset_parameters(const torch::Tensor& weight, torch::Generator generator) override;

  AdapterOptions options() const override { return options_; }

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor prefix;  ///< [out, n]

 private:
  PrefixOptions options_;
};
TORCH_MODULE(Prefix);

}  // namespace minillama
