#pragma once

#include <cstdint>
#include <vector>

#include "minillama/model/classifier.h"

namespace minillama {

/// Passes of one batch through a classifier in training, for objectives that need more of them than
/// one or look at what lies around the batch. Each pass is shared out between threads, and all have
/// the same dropout masks, so that they differ by what is added to their embeddings alone.
///
/// A pass ends at a leaf, the states that are classified; what lies behind it gets its gradients
/// when backward() is called, or perturbation_gradient(). Of one thread, and one step, at a time.
class TrainingPasses {
 public:
  /// How far the gradient of a loss goes.
  enum class Reach { perturbation, parameters_too };

  /// @param input of B sequences with N tokens, on the model's device
  TrainingPasses(Classifier model, ClassifierInput input);

  /// What is classified of each sequence, [B, D], where `perturbation` [N, D] is added to the
  /// embeddings of the tokens; undefined: nothing is. Where gradients are not recorded
  /// (torch::NoGradGuard), no pass is kept. Throws OptionError on any other perturbation.
  torch::Tensor pooled(const torch::Tensor& perturbation = {});

  /// Logits [B, L] of what pooled() gave, always under the same mask of the head's dropout.
  torch::Tensor classify(const torch::Tensor& pooled);

  /// The gradient [N, D] of `loss`, a scalar that depends on nothing before it but the pass that
  /// pooled() made last, with respect to what was added in that pass. The pass is over then; with
  /// Reach::parameters_too the trained parameters have got their gradients. Throws OptionError if
  /// there is no such pass or nothing was added in it.
  torch::Tensor perturbation_gradient(const torch::Tensor& loss, Reach reach);

  /// Adds to the Llama's trained parameters the gradients that those of what pooled() gave mean, of
  /// all passes that are not over. Then these are.
  void backward();

 private:
  struct Pass {
    std::vector<torch::Tensor> parts;          // [b, D]
    torch::Tensor pooled;                      // the leaf
    std::vector<torch::Tensor> perturbations;  // of the parts; leaves
  };

  /// Takes the gradient of the leaf of `pass` to the parameters that are trained, if they are to
  /// get theirs, and to its perturbations.
  void take_back(const Pass& pass, bool to_parameters);

  Classifier model_;
  ClassifierInput input_;
  std::vector<ClassifierInput> parts_;
  std::vector<torch::Generator> masks_;  // of the parts; as they are before a pass
  std::vector<torch::Generator> head_mask_;
  std::vector<Pass> passes_;
};

}  // namespace minillama
