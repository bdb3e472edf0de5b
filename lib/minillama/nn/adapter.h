#pragma once

#include <torch/nn/module.h>

#include "minillama/core/named_tensors.h"
#include "minillama/weights/adapter_options.h"

namespace minillama {

/// What is trained beside the weight W [out, in] of one linear map (nn/linear.h) and changes what
/// it computes. A kind of adapter is a class that derives from this and from
/// torch::nn::Cloneable, as LoraImpl does (adapters/lora.h). Its parameters are its own, not those
/// of modules within it, under the names that options().tensors() lists, in that order.
class Adapter {
 public:
  virtual ~Adapter() = default;

  /// What the weight is multiplied with in place of the inputs x [..., in], of the same shape.
  virtual torch::Tensor input(const torch::Tensor& x) { return x; }

  /// The adapted y for the inputs x [..., in], y = input(x) W^T [..., out] and `weight`, which is
  /// W. A bias is added afterwards. What it draws in training it draws by a Dropout (nn/dropout.h),
  /// as several threads may be in here at the same time.
  virtual torch::Tensor forward(const torch::Tensor& /*x*/, const torch::Tensor& y,
                                const torch::Tensor& /*weight*/) {
    return y;
  }

  /// What is added afterwards in place of the linear's bias [out], which is undefined if it has
  /// none; so is what takes its place.
  virtual torch::Tensor bias(const torch::Tensor& bias) const { return bias; }

  /// What is made of the linear's output h [..., out], bias and all, of the same shape.
  virtual torch::Tensor output(const torch::Tensor& h) { return h; }

  /// Rows [n, out] that stand before the linear's outputs for each sequence, as if of n tokens
  /// more; undefined: none. Attention alone asks for them, of its keys and values.
  virtual torch::Tensor rows_before() const { return {}; }

  /// The weight [out, in] that computes what input(), forward() and output() do in evaluation mode.
  /// Called without gradients, as is bias() then. Throws OptionError if no weight does.
  virtual torch::Tensor merged_weight(const torch::Tensor& weight) const = 0;

  /// Gives the parameters the values that a new adapter for `weight` has; what is drawn, from
  /// `generator`.
  virtual void reset_parameters(const torch::Tensor& weight, torch::Generator generator) = 0;

  /// How it was made.
  virtual AdapterOptions options() const = 0;

  /// As what it is written down, which computes the same beside the same weight: options, and the
  /// tensors that those name. Its own, unless a kind begins in a way that nothing else can repeat.
  struct Stored {
    AdapterOptions options;
    NamedTensors tensors;
  };
  virtual Stored stored() { return {options(), parameters_of(module())}; }

  /// The module that it is.
  torch::nn::Module& module() { return dynamic_cast<torch::nn::Module&>(*this); }

  /// As the module of one kind, such as Lora; null if it is of another.
  template <typename Holder>
  typename Holder::ContainedType* as() {
    return dynamic_cast<typename Holder::ContainedType*>(this);
  }
};

}  // namespace minillama
