#pragma once

#include <torch/torch.h>

namespace minillama {

/// Dropout (Srivastava et al. 2014) that draws from a generator of its own instead of LibTorch's
/// global one: in training every element is kept with probability 1 - p and divided by it; in
/// evaluation mode nothing happens.
class DropoutImpl : public torch::nn::Module {
 public:
  /// @param p         probability of dropping, in [0, 1)
  /// @param generator shared with whoever holds a copy: copies of a torch::Generator are one
  ///                  generator
  DropoutImpl(double p, torch::Generator generator);

  torch::Tensor forward(const torch::Tensor& x);

  /// Whether forward() drops anything.
  bool is_active() const { return is_training() && p_ > 0; }

 private:
  double p_;
  torch::Generator generator_;
};
TORCH_MODULE(Dropout);

}  // namespace minillama
