#pragma once

// Not part of the public interface: how a run of training notices that it has diverged.

#include <cstdint>
#include <string_view>

#include "minillama/core/named_tensors.h"

namespace minillama {

/// Throws DivergedError naming a tensor with a value that is not finite: such a state must not
/// replace a good one.
void require_finite(const NamedTensors& tensors);

/// Throws DivergedError unless `value` is finite: "the loss became nan in step 3".
void require_finite(std::string_view name, double value, std::int64_t step);

}  // namespace minillama
