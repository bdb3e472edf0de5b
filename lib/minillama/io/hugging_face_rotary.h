#pragma once

// Not part of the public interface: how transformers writes down rotary positions, in "rope_theta"
// and "rope_scaling" until its version 4 and in "rope_parameters" since. All three may be there and
// must agree then.

#include <filesystem>

#include "minillama/core/json.h"
#include "minillama/core/rotary_scaling.h"

namespace minillama {

/// The base of the frequencies, 10000 where nothing is said. Throws FileError naming the fields.
double read_hugging_face_theta(const Json& json, const std::filesystem::path& path);

/// Throws FileError naming the field if the kind is not known (core/rotary_scaling.h), or something
/// is said of it that it does not have or that misses.
RotaryScaling read_hugging_face_rotary(const Json& json, const std::filesystem::path& path);

}  // namespace minillama
