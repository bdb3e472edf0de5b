#include "minillama/io/known_fields.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

void check_fields(const Json& object, const KnownFields& known, const std::filesystem::path& path,
                  const std::string& inside) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_null() || known.used.count(name) > 0 || known.harmless.count(name) > 0) continue;
    const auto values = known.neutral | std::views::filter([&, &field = name](const auto& neutral) {
                          return neutral.first == field;
                        });
    const bool is_neutral = std::ranges::any_of(values, [&, &held = value](const auto& neutral) {
      return Json::parse(neutral.second) == held;
    });
    if (is_neutral) continue;
    throw FileError(path, fmt::format("field {} is {}, which is {}", quote(inside + name),
                                      quote(value.dump(-1, ' ', false, Json::error_handler_t::replace)),
                                      values.empty() ? "not known: it may change what the model computes"
                                                     : "not supported"));
  }
}

}  // namespace minillama
