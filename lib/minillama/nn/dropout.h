#pragma once

#include <torch/nn/cloneable.h>

namespace minillama {

/// Dropout (Srivastava et al. 2014) that draws from a generator of its own instead of LibTorch's
/// global one: in training every element is kept with probability 1 - p and divided by it; in
/// evaluation mode nothing happens. A clone() draws from the same generator.
class DropoutImpl : public torch::nn::Cloneable<DropoutImpl> {
 public:
  /// @param p         probability of dropping, in [0, 1)
  /// @param generator shared with whoever holds a copy: copies of a torch::Generator are one
  ///                  generator. One of the CPU, also where the tensors are on another device
  /// Throws OptionError if p does not lie in [0, 1) or, unless it is 0, there is no such generator.
  DropoutImpl(double p, torch::Generator generator);

  torch::Tensor forward(const torch::Tensor& x);

  /// Whether forward() drops anything.
  bool is_active() const { return is_training() && p_ > 0; }

  void reset() override {}
  void pretty_print(std::ostream& stream) const override;

 private:
  double p_;
  torch::Generator generator_;
};
TORCH_MODULE(Dropout);

}  // namespace minillama
