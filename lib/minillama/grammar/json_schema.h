#pragma once

// Not part of the public interface.

#include <string_view>

#include "minillama/grammar/language.h"

namespace minillama {

/// Texts of JSON that a JSON schema (draft 2020-12) describes; docs/constrained.md lists which
/// keywords it may have, and which of the texts these are. Throws OptionError naming the place, as
/// "#/properties/age", of whatever cannot be used.
Language parse_json_schema(std::string_view schema);

}  // namespace minillama
