#pragma once

#include "minillama/core/named_tensors.h"
#include "minillama/model/classifier.h"

namespace minillama {

/// The line between the weights before and after fine-tuning (WiSE-FT; Wortsman et al. 2022,
/// arXiv:2109.01903, section 3):
///
///     weight = (1 - alpha) before + alpha after
///
/// of the Llama's trained parameters. The head, which was random before, is the one after, and so
/// is A of a low-rank adapter B A: as B began at zero, that is the same line for the sum of weight
/// and adapter. Of DoRA, the lengths and B go along the line.
class WeightInterpolation {
 public:
  /// Keeps a copy of what the parameters are now, before. Throws OptionError if none of the Llama's
  /// is trained, or lora_B of an adapter does not begin at zero, as that of PiSSA.
  explicit WeightInterpolation(Classifier model);

  /// To be called once, when the model is trained: keeps a copy of what the parameters are after.
  void finish();

  /// Gives the parameters their values at `alpha`: those before at 0 and those after at 1, to the
  /// bit. Throws OptionError unless finish() was called and alpha is finite.
  void set(double alpha);

 private:
  NamedTensors parameters_;  // the model's own
  NamedTensors before_;
  NamedTensors after_;
};

}  // namespace minillama
