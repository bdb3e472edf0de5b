#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/nn/cloneable.h>
#include <torch/optim/optimizer.h>

namespace minillama {

/// The order of things in one step t = 1, 2, …; both start with
///
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
enum class AdamWVariant {
  /// PyTorch's:  p = p - lr wd p;
  ///             p = p - lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
  decoupled,
  /// The CMU assignment's:  p = p - lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps);
  ///                        p = p - lr wd p, on the updated p
  cmu2025,
};

/// Options of one parameter group.
struct AdamWOptions {
  double lr = 1e-3;                ///< learning rate, >= 0
  double beta1 = 0.9;              ///< decay of the mean of gradients, in [0, 1)
  double beta2 = 0.999;            ///< decay of the mean of their squares, in [0, 1)
  std::optional<double> eps = {};  ///< >= 0; unless given 1e-8 if decoupled, 1e-6 if cmu2025
  double weight_decay = 0.01;      ///< wd, >= 0
  double max_grad_norm = 0;  ///< largest norm of the group's gradients together; 0: no clipping
  AdamWVariant variant = AdamWVariant::decoupled;

  /// eps, or the variant's default.
  double resolved_eps() const;
};

/// Parameters that share their options.
struct AdamWGroup {
  std::vector<torch::Tensor> parameters;
  AdamWOptions options;
};

/// Adam with decoupled weight decay, a torch::optim::Optimizer like any other.
///
/// float32 and float64 parameters on the CPU are updated in one fused pass over memory, in
/// parallel, to the same bits with any number of threads; all others with tensor operations.
/// float16 and bfloat16 parameters keep their moments and compute in float32. A parameter without a
/// gradient is skipped; its step is not counted. Gradients are only read: clipping scales them on
/// the way.
///
/// Every method throws OptionError, naming the field and the value, on options that cannot be used,
/// and on parameters that are no tensors of real numbers or have sparse gradients.
///
/// Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101, Algorithm 2;
/// Kingma and Ba 2015, https://arxiv.org/abs/1412.6980
class AdamW : public torch::optim::Optimizer {
 public:
  /// One group. A tensor that is named several times (tied weights) is stepped once.
  explicit AdamW(std::vector<torch::Tensor> parameters, AdamWOptions options = {});

  /// Several groups, none sharing a tensor with another (else OptionError). `max_grad_norm` clips
  /// by one norm over all groups; it excludes max_grad_norm in a group's own options. 0: no
  /// clipping. A group added later by add_param_group() takes the options of the first.
  explicit AdamW(std::vector<AdamWGroup> groups, double max_grad_norm = 0);

  /// One step for every parameter that has a gradient. Returns what `closure` returns, which is
  /// called first and computes the gradients.
  torch::Tensor step(LossClosure closure = nullptr) override;

  /// The norm, before clipping, of the gradients that the last step clipped; empty if it clipped
  /// none. An infinite max_grad_norm measures and changes nothing.
  std::optional<double> last_grad_norm() const { return last_grad_norm_; }

  /// Throws OptionError if there is no such group.
  const AdamWOptions& options(std::size_t group = 0) const;

  /// Set the learning rate of every group, or of one. Throw OptionError if there is no such group.
  void set_lr(double lr);
  void set_lr(std::size_t group, double lr);

  /// The state, for a checkpoint: for parameter number I (counted through all groups) `I.step`
  /// (int64, a scalar), `I.exp_avg` (m) and `I.exp_avg_sq` (v), both of the parameter's shape.
  /// Those never stepped have none. The moments share memory with the optimizer. Options are not
  /// part.
  std::vector<std::pair<std::string, torch::Tensor>> export_state() const;

  /// Makes a copy of `state`, as from export_state(), the state of this optimizer; stepping on from
  /// there gives the bits that never stopping would have given. Throws InputError, and changes
  /// nothing, if a tensor is missing, unknown or of another shape or dtype.
  void import_state(const std::vector<std::pair<std::string, torch::Tensor>>& state);

  /// What torch::save() and torch::load() call. load() throws InputError if the archive holds none.
  void save(torch::serialize::OutputArchive& archive) const override;
  void load(torch::serialize::InputArchive& archive) override;

 private:
  /// Measures the gradients; returns what those of each group are to be multiplied with.
  std::vector<double> clip();

  double max_grad_norm_ = 0;  // over all groups
  std::optional<double> last_grad_norm_;
};

}  // namespace minillama
