#include "minillama/io/known_fields.h"

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

void check_fields(const Json& object, const KnownFields& known, const std::filesystem::path& path,
                  const std::string& inside) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_null() || known.used.count(name) > 0 || known.harmless.count(name) > 0) continue;
    bool is_known = false;
    bool is_neutral = false;
    for (const auto& [neutral, harmless_value] : known.neutral) {
      if (neutral != name) continue;
      is_known = true;
      is_neutral |= Json::parse(harmless_value) == value;
    }
    if (is_neutral) continue;
    throw FileError(
        path, fmt::format(
                  "field {} is {}, which is {}", quote(inside + name), shown(value),
                  is_known ? "not supported" : "not known: it may change what the model computes"));
  }
}

}  // namespace minillama
