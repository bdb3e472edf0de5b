#pragma once

#include <vector>

#include <torch/nn/cloneable.h>

#include "minillama/optim/adamw.h"

namespace minillama {

/// How learning rates differ between parameters.
struct LearningRateRatios {
  /// Of the matrices B of low-rank adapters ("lora_B") by all others, positive: LoRA+ (Hayou, Ghosh
  /// and Yu 2024, arXiv:2402.12354), as B must move faster than A for features to be learnt
  /// efficiently where the model is wide.
  double lora_plus = 1;
  /// d, in (0, 1], of a layer by the one above it: parameters of layer i of N have d^(N - i), and
  /// the embeddings d^(N + 1), of the rate of the head and the norm below it (Howard and Ruder
  /// 2018, arXiv:1801.06146, section 3.2; Clark et al. 2020, arXiv:2003.10555, appendix B).
  double layer_decay = 1;
};

/// The trainable parameters of `module` in groups, from the embeddings ("tok_embeddings") over the
/// layers ("layers.0", "layers.1", …) to the head where those differ in their learning rate. Of
/// each first the matrices, with `options` as they are; then the matrices B if they have a rate of
/// their own; then the gains of norms, biases and whatever else has fewer than two dimensions, with
/// weight_decay = 0. All in the module's order. A parameter that requires no gradient is left out,
/// one with several names (tied embeddings) taken once, and no group is empty.
///
/// To clip by one norm over all groups give max_grad_norm to AdamW instead of `options`. Throws
/// OptionError if a ratio cannot be used, or there is no B that lora_plus would change.
std::vector<AdamWGroup> parameter_groups(const torch::nn::Module& module,
                                         const AdamWOptions& options,
                                         const LearningRateRatios& ratios = {});

}  // namespace minillama
