#pragma once

// Not part of the public interface: what all training runs do with their state.

#include <cstdint>
#include <filesystem>

#include "minillama/core/json.h"
#include "minillama/core/named_tensors.h"

namespace minillama {

/// Throws OptionError naming the first of the settings `now` that differs from those that the run
/// at `path` was started with.
void require_same_settings(const Json& now, const Json& started, const std::filesystem::path& path);

/// A number that differs for other values: to tell what a run began with.
std::uint32_t checksum(const NamedTensors& tensors);

/// Throws DivergedError naming a tensor with a value that is not finite: such a state must not
/// replace a good one.
void require_finite(const NamedTensors& tensors);

}  // namespace minillama
