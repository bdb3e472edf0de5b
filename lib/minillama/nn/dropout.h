#pragma once

#include <cstdint>
#include <vector>

#include <torch/nn/cloneable.h>

namespace minillama {

/// Dropout (Srivastava et al. 2014) that draws from a generator of its own instead of LibTorch's
/// global one: in training every element is kept with probability 1 - p and divided by it; in
/// evaluation mode nothing happens. A clone() draws from the same generator. Within a DropoutScope
/// it draws from that scope's.
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

  const torch::Generator& generator() const { return generator_; }

  void reset() override {}
  void pretty_print(std::ostream& stream) const override;

 private:
  double p_;
  torch::Generator generator_;
};
TORCH_MODULE(Dropout);

/// Generators for `n_passes` passes through `module` that are parts of one step, so that threads
/// may share them out: whatever dropout draws in a pass depends on its place among them, and on one
/// number that the first active dropout of the module draws for all. Undefined ones if no dropout
/// is active.
std::vector<torch::Generator> pass_generators(const torch::nn::Module& module,
                                              std::int64_t n_passes);

/// While it lives, all dropout that this thread computes draws from `generator`, one of the CPU, in
/// the order in which it computes. An undefined one changes nothing. The scopes of a thread end in
/// the reverse of the order in which they began.
class DropoutScope {
 public:
  explicit DropoutScope(torch::Generator generator);
  ~DropoutScope();
  DropoutScope(const DropoutScope&) = delete;
  DropoutScope& operator=(const DropoutScope&) = delete;

 private:
  torch::Generator before_;
  bool is_set_;
};

/// What dropout of this thread draws from within the innermost DropoutScope; undefined outside.
torch::Generator dropout_generator();

}  // namespace minillama
