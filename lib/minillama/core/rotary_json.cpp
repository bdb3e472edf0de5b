#include "minillama/core/rotary_json.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

constexpr const char* kKind = "rope_type";
constexpr const char* kDivisors = "divisors";

}  // namespace

Json to_json(const RotaryScaling& scaling) {
  Json json{{kKind, scaling.kind}};
  for (const auto& field : find_rotary_kind(scaling.kind)->fields) {
    const double value = scaling.*field.value;
    // A number of positions, of which transformers wants an integer.
    const bool is_count = field.value == &RotaryScaling::original_context &&
                          value == std::floor(value) && value < 1e15;
    json[std::string(field.name)] = is_count ? Json(static_cast<std::int64_t>(value)) : Json(value);
  }
  if (scaling.kind == kDivisors) json[kDivisors] = scaling.divisors;
  return json;
}

RotaryScaling read_rotary_scaling(const Json& json, const std::filesystem::path& path,
                                  const std::string& inside) {
  const auto fail = [&](std::string_view field, std::string_view problem) {
    throw FileError(path, fmt::format("field \"{}.{}\" {}", inside, field, problem));
  };
  const JsonObject fields(json, path);
  RotaryScaling scaling;
  if (fields.has(kKind)) scaling.kind = fields.string(kKind);
  const RotaryKind* kind = find_rotary_kind(scaling.kind);
  if (kind == nullptr) {
    fail(kKind, fmt::format("is {}, which is not supported", quote(scaling.kind)));
  }
  for (const auto& [name, value] : json.items()) {
    if (value.is_null() || name == kKind) continue;
    if (name == kDivisors && scaling.kind == kDivisors) continue;
    if (std::ranges::find(kind->fields, name, &RotaryField::name) != kind->fields.end()) continue;
    fail(name, fmt::format("is {}, which is none of what {} has: it may change what the model "
                           "computes",
                           shown(value), quote(scaling.kind)));
  }
  for (const auto& field : kind->fields) {
    if (!fields.has(field.name)) {
      if (field.otherwise == nullptr) {
        fail(field.name, fmt::format("is missing, which {} needs", quote(scaling.kind)));
      }
      continue;
    }
    const Json& value = json.at(std::string(field.name));
    const double number = value.is_number() ? value.get<double>() : 0;
    if (!std::isfinite(number) || number <= 0) {
      fail(field.name, fmt::format("is {}, must be a positive number", shown(value)));
    }
    scaling.*field.value = number;
  }
  if (scaling.kind == kDivisors) {
    if (!fields.has(kDivisors) || !json.at(kDivisors).is_array()) {
      fail(kDivisors, "is no list of numbers");
    }
    for (const Json& divisor : json.at(kDivisors)) {
      if (!divisor.is_number()) {
        fail(kDivisors, fmt::format("holds {}, must be a list of numbers", shown(divisor)));
      }
      scaling.divisors.push_back(divisor.get<double>());
    }
  }
  return scaling;
}

}  // namespace minillama
