#pragma once

#include <vector>

#include <torch/nn/cloneable.h>

#include "minillama/optim/adamw.h"

namespace minillama {

/// The trainable parameters of `module` in groups, in the module's order: first the matrices, with `options` as they are; then the gains of norms, biases and whatever else has
/// fewer than two dimensions, with weight_decay = 0. A parameter that requires no gradient is left
/// out, one with several names (tied embeddings) taken once, and no group is empty.
///
/// With a `lora_plus_ratio` other than 1 the matrices B of low-rank adapters ("lora_B") are a group
/// of their own between the two, whose learning rate is `ratio` times that of all others: LoRA+
/// (Hayou, Ghosh and Yu 2024, arXiv:2402.12354), as B must move faster than A for features to be
/// learnt efficiently where the model is wide. Throws OptionError if there is no such matrix, or
/// the ratio is not positive.
///
/// To clip by one norm over all groups give max_grad_norm to AdamW instead of `options`.
std::vector<AdamWGroup> parameter_groups(const torch::nn::Module& module,
                                         const AdamWOptions& options, double lora_plus_ratio = 1);

}  // namespace minillama
