#pragma once

// Not part of the public interface: which fields of a description of a model are known.

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/core/json.h"

namespace minillama {

/// The fields of one format. Whatever is none of them might change what the model computes, and is
/// refused: a list of what is refused would pass over what is invented later.
struct KnownFields {
  std::set<std::string_view> used;      ///< what the reader of the format reads
  std::set<std::string_view> harmless;  ///< say nothing about what is computed
  /// Harmless with this value, given as JSON, which is what leaving the field out means too.
  std::vector<std::pair<std::string_view, std::string_view>> neutral;
};

/// Throws FileError naming the field and its value unless every field of `object` is null, used,
/// harmless or neutral.
///
/// @param inside what the object is called in messages, as "rope_parameters."
void check_fields(const Json& object, const KnownFields& known, const std::filesystem::path& path,
                  const std::string& inside = "");

}  // namespace minillama
