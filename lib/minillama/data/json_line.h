#pragma once

// Not part of the public interface: what all readers of JSON Lines ask of a line.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "minillama/core/json.h"

namespace minillama {

/// Line `number` of the file `path` as an object. Throws FileError naming both if it is none.
Json parse_json_object(std::string_view line, const std::filesystem::path& path,
                       std::size_t number);

/// A field of such an object, and one that is a string. Throw FileError if it is missing or no
/// string.
const Json& json_field(const Json& object, const std::string& name,
                       const std::filesystem::path& path, std::size_t number);
std::string json_string(const Json& object, const std::string& name,
                        const std::filesystem::path& path, std::size_t number);

}  // namespace minillama
