#pragma once

// Not part of the public interface: how a config.json says what scales rotary positions.

#include <filesystem>
#include <string>

#include "minillama/core/json.h"
#include "minillama/core/rotary_scaling.h"

namespace minillama {

/// {"rope_type": "linear", "factor": 2.0}, with the fields of the kind (core/rotary_scaling.h).
Json to_json(const RotaryScaling& scaling);

/// Reads that. Throws FileError naming `path` and the field if the kind is not known, a field is
/// missing, is none of the kind's or no positive number.
///
/// @param inside what the object is called in messages, "rope_scaling"
RotaryScaling read_rotary_scaling(const Json& json, const std::filesystem::path& path,
                                  const std::string& inside);

}  // namespace minillama
