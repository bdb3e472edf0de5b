#pragma once

#include <vector>

#include <torch/nn/cloneable.h>

#include "minillama/optim/adamw.h"

namespace minillama {

/// The trainable parameters of `module` in at most two groups, in the module's order: first the
/// matrices, with `options` as they are; then the gains of norms, biases and whatever else has
/// fewer than two dimensions, with weight_decay = 0. A parameter that requires no gradient is left
/// out, one with several names (tied embeddings) taken once, and no group is empty.
///
/// To clip by one norm over both groups give max_grad_norm to AdamW instead of `options`.
std::vector<AdamWGroup> parameter_groups(const torch::nn::Module& module,
                                         const AdamWOptions& options);

}  // namespace minillama
