#pragma once

#include <map>
#include <memory>
#include <string>

#include <torch/nn/cloneable.h>

#include "minillama/nn/adapter.h"

namespace minillama {

/// x W^T + b, for x [..., in], weight W [out, in] and bias b [out], which may be undefined.
///
/// A single row without gradient, which is what decoding one token does, goes through a
/// matrix-vector product: it reads the weights two to four times as fast as the general product.
/// In mixed precision (nn/precision.h) factors and result are rounded to bfloat16, which is the
/// type of the result too. Throws OptionError if the shapes, devices or types do not go together.
torch::Tensor apply_linear(const torch::Tensor& x, const torch::Tensor& weight,
                           const torch::Tensor& bias = {});

/// A linear map, y = x W^T or y = x W^T + b, to which adapters can be added (nn/adapter.h): with
/// one of them active, it has made something else of x W^T. The weight keeps its name and its
/// values.
///
/// Unlike torch::nn::Linear it draws no random numbers when it is made: its parameters are
/// uninitialised until someone or a checkpoint fills them.
class LinearImpl : public torch::nn::Cloneable<LinearImpl> {
 public:
  /// Throws OptionError unless both are at least 1.
  LinearImpl(std::int64_t in_features, std::int64_t out_features, bool with_bias = false);

  /// x [..., in] -> [..., out]; throws like apply_linear().
  torch::Tensor forward(const torch::Tensor& x);

  /// Adds an adapter that was made for `weight` and is not active yet. Its parameters get its name
  /// before theirs: `<name>.lora_A`. Throws OptionError if the name is empty, holds a dot or is
  /// taken, or there is no adapter.
  void add_adapter(const std::string& name, std::shared_ptr<Adapter> adapter);

  /// Makes the adapter of that name the active one; none if there is no such adapter here. One
  /// that was merged is unmerged first.
  void activate(const std::string& name);

  /// Makes the weight the active adapter's merged_weight(), so that it costs nothing more. Until
  /// unmerge() it is not trained. Nothing happens without an active adapter or a second time.
  void merge();

  /// Gives the weight back the very bits it had before merge(), from a copy that was kept.
  void unmerge();

  /// Makes the active adapter part of the weight for good, and removes all adapters.
  void absorb();

  const std::map<std::string, std::shared_ptr<Adapter>>& adapters() const { return adapters_; }
  const std::string& active() const { return active_; }  ///< "" if there is none
  bool is_merged() const { return unmerged_.defined(); }

  /// Draws weight and bias ~ uniform(±1 / sqrt(in)), as torch::nn::Linear does, and those of the
  /// adapters anew. Merged adapters are unmerged first.
  void reset_parameters(torch::Generator generator);

  /// What clone() makes has adapters like these, of which the same one is active and merged.
  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor weight;  ///< [out, in]
  torch::Tensor bias;    ///< [out]; undefined unless asked for

 private:
  std::map<std::string, std::shared_ptr<Adapter>> adapters_;
  std::string active_;
  torch::Tensor unmerged_;  // the weight before merge(), while merged
};
TORCH_MODULE(Linear);

}  // namespace minillama
