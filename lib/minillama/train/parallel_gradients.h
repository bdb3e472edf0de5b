#pragma once

// Not part of the public interface: the one place where gradients of parts are summed.

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

namespace minillama {

/// Adds the gradients of loss_of_part(0) + … + loss_of_part(n_parts - 1), which are scalars, with
/// respect to `parameters` to the parameters' own, and returns that sum. A parameter that no loss
/// depends on is left as it is.
///
/// Threads share out the parts as parallel_parts() does (ops/parallel_parts.h), but losses and
/// gradients are added up in the order of the parts: the number of threads changes no bit, except
/// where there is one part only, whose large products threads divide. A thread holds
/// the gradients of one part, so memory grows with the threads, not with the parts.
///
/// @param parameters at least one; all require gradients and lie on one device
/// An exception in a part is thrown on; the gradients of the parts before it may be added by then.
double parallel_gradients(const std::vector<torch::Tensor>& parameters, std::int64_t n_parts,
                          const std::function<torch::Tensor(std::int64_t part)>& loss_of_part);

}  // namespace minillama
