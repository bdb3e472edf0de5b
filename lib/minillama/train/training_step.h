#pragma once

#include <cstdint>
#include <span>

#include <torch/optim/optimizer.h>

#include "minillama/model/classifier.h"
#include "minillama/train/cross_entropy.h"
#include "minillama/train/examples.h"

namespace minillama {

/// Leaves in the model's parameters the gradients of the objective on the examples `indices`, in
/// place of those that were there. On the CPU each thread computes a part of the batch
/// (ops/parallel_parts.h). Returns the loss. Throws DivergedError if it is not finite, and
/// OptionError, before anything is changed, if the model or the objective is empty, there are no
/// indices, one is of no example, or an example's label or ids are not the model's; and if the loss
/// is no scalar.
double training_gradient(Classifier& model, const Examples& examples,
                         std::span<const std::size_t> indices, std::int64_t divisor,
                         const std::shared_ptr<Objective>& objective = cross_entropy());

/// The same, and a step of `optimizer` along the gradients.
double training_step(Classifier& model, torch::optim::Optimizer& optimizer,
                     const Examples& examples, std::span<const std::size_t> indices,
                     std::int64_t divisor,
                     const std::shared_ptr<Objective>& objective = cross_entropy());

}  // namespace minillama
