#pragma once

#include <map>
#include <memory>
#include <string>

#include <torch/nn/cloneable.h>

#include "minillama/nn/adapter.h"
#include "minillama/ops/frozen_matrix.h"

namespace minillama {

/// A linear map, y = x W^T or y = x W^T + b, to which adapters can be added (nn/adapter.h): with
/// one of them active, it has made something else of its products and bias. The weight keeps its
/// name and its values.
///
/// Unlike torch::nn::Linear it draws no random numbers when it is made: its parameters are
/// uninitialised until someone or a checkpoint fills them.
class LinearImpl : public torch::nn::Cloneable<LinearImpl> {
 public:
  /// Throws OptionError unless both are at least 1.
  LinearImpl(std::int64_t in_features, std::int64_t out_features, bool with_bias = false);

  /// x [..., in] -> [..., out]; throws like apply_linear() (ops/linear.h).
  torch::Tensor forward(const torch::Tensor& x);

  /// What stands before the outputs of each sequence, [n, out], by the active adapter; undefined:
  /// nothing does (Adapter::rows_before()).
  torch::Tensor rows_before() const;

  /// Makes the weight `matrix`, which is never trained nor merged, and `weight` undefined. Computes
  /// in float32 on the CPU, whatever the matrix's format. Throws OptionError if it has another
  /// shape, or there are adapters.
  void freeze(const FrozenMatrix& matrix);
  bool is_frozen() const { return frozen_.defined(); }
  const FrozenMatrix& frozen() const { return frozen_; }

  /// The weight as numbers: `weight`, or those of a frozen one, made anew.
  torch::Tensor dense_weight() const { return is_frozen() ? to_floats(frozen_) : weight; }

  std::int64_t in_features() const { return in_features_; }
  std::int64_t out_features() const { return out_features_; }

  /// Adds an adapter that was made for the weight and is not active yet. Its parameters get its
  /// name before theirs: `<name>.lora_A`. Throws OptionError if the name is empty, holds a dot or
  /// is taken, or there is no adapter.
  void add_adapter(const std::string& name, std::shared_ptr<Adapter> adapter);

  /// Makes the adapter of that name the active one; none if there is no such adapter here. One
  /// that was merged is unmerged first.
  void activate(const std::string& name);

  /// Makes weight and bias those that the active adapter computes with, so that it costs nothing
  /// more; a linear without a bias gets one if the adapter has. Until unmerge() it is not trained.
  /// Nothing happens without an active adapter or a second time. Throws OptionError if the weight
  /// is frozen, or no weight computes what the adapter does; absorb() likewise.
  void merge();

  /// Gives weight and bias back the very bits they had before merge(), from a copy that was kept.
  void unmerge();

  /// Makes the active adapter part of the weight for good, and removes all adapters.
  void absorb();

  const std::map<std::string, std::shared_ptr<Adapter>>& adapters() const { return adapters_; }
  const std::string& active() const { return active_; }  ///< "" if there is none
  bool is_merged() const { return unmerged_.defined(); }

  /// Draws weight and bias ~ uniform(±1 / sqrt(in)), as torch::nn::Linear does, and those of the
  /// adapters anew. Merged adapters are unmerged first. Throws OptionError if the weight is frozen.
  void reset_parameters(torch::Generator generator);

  /// What clone() makes has adapters like these, of which the same one is active and merged.
  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  torch::Tensor weight;  ///< [out, in]; undefined if it is frozen
  torch::Tensor bias;    ///< [out]; undefined unless asked for, or merged into it

 private:
  std::int64_t in_features_;
  std::int64_t out_features_;
  FrozenMatrix frozen_;
  std::map<std::string, std::shared_ptr<Adapter>> adapters_;
  std::string active_;
  torch::Tensor unmerged_;       // the weight before merge(), while merged
  torch::Tensor unmerged_bias_;  // and the bias, if there was one
};
TORCH_MODULE(Linear);

}  // namespace minillama
