#pragma once

#include <functional>

#include "minillama/core/named_tensors.h"
#include "minillama/model/classifier.h"

namespace minillama {

/// Mixout (Lee, Cho and Kang 2020, arXiv:1909.11299, section 3.1): in each step every element of a
/// weight W is, with probability p, the one U that it was before fine-tuning, and what is left is
/// scaled so that the mean stays W:
///
///     W' = (M U + (1 - M) W - p U) / (1 - p),  M ~ Bernoulli(p);   at p = 1: W' = U
///
/// of the linear layers' matrices within the Llama; the head, which was random before, is left
/// alone. p = 0 changes nothing. Of one thread at a time.
class Mixout {
 public:
  /// Keeps a copy of what the weights are now, U. Throws OptionError unless p lies in [0, 1], and
  /// if no such matrix of the model is trained.
  Mixout(Classifier model, double p);

  /// Draws M by `generator`, one of the CPU, and calls `pass` while the model has W'. Afterwards,
  /// and if `pass` throws, the model has W; the gradients, which `pass` is to leave, are those with
  /// respect to W: (1 - M) / (1 - p) times those with respect to W', at p = 1 zero. Returns what
  /// `pass` returned.
  double mixed(torch::Generator generator, const std::function<double()>& pass);

 private:
  NamedTensors weights_;  // the model's own
  NamedTensors before_;   // U
  double p_;
};

}  // namespace minillama
