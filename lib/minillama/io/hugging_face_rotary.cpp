#include "minillama/io/hugging_face_rotary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/rotary_json.h"

namespace minillama {
namespace {

constexpr std::array kObjects{"rope_scaling", "rope_parameters"};

/// Fields that change nothing with this value, where the kind does not have them.
constexpr std::array<std::pair<std::string_view, double>, 2> kNeutral{
    {{"factor", 1.0}, {"attention_factor", 1.0}}};

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& field,
                         const Json& value) {
  throw FileError(path,
                  fmt::format("field \"{}\" is {}, which is not supported", field, shown(value)));
}

/// The kind's name goes before in versions that know both: "type" is the older one.
void unite_kinds(Json& object, const std::filesystem::path& path, const std::string& inside) {
  const auto named = [&](std::string_view name) { return fmt::format("{}.{}", inside, name); };
  const JsonObject fields(object, path);
  for (const auto* name : {"rope_type", "type"}) {
    if (fields.has(name) && find_rotary_kind(fields.string(name)) == nullptr) {
      refuse(path, named(name), object.at(name));
    }
    if (fields.has(name) && fields.string(name) == "divisors") {  // ours alone
      refuse(path, named(name), object.at(name));
    }
  }
  if (fields.has("type")) {
    if (fields.has("rope_type") && object.at("rope_type") != object.at("type")) {
      throw FileError(path, fmt::format("field \"{}.type\" is {}, but \"rope_type\" is {}", inside,
                                        shown(object.at("type")), shown(object.at("rope_type"))));
    }
    object["rope_type"] = object.at("type");
  }
  object.erase("type");
}

/// Makes yarn's mscale and mscale_all_dim, which DeepSeek's models brought, an attention_factor:
/// transformers looks at them only where both are given, are not 0, and there is none.
void take_mscale(Json& object, const std::filesystem::path& path) {
  const JsonObject fields(object, path);
  const auto number = [&](const char* name) { return fields.has(name) ? fields.number(name) : 0; };
  const double factor = number("factor");
  const auto magnitude = [&](double mscale) {
    return factor <= 1 ? 1 : 0.1 * mscale * std::log(factor) + 1;
  };
  const double mscale = number("mscale"), all_dim = number("mscale_all_dim");
  if (mscale != 0 && all_dim != 0 && !fields.has("attention_factor")) {
    object["attention_factor"] = magnitude(mscale) / magnitude(all_dim);
  }
  object.erase("mscale");
  object.erase("mscale_all_dim");
}

/// What is harmless is taken away, what is left is of the kind or wrong.
RotaryScaling read_object(Json object, const std::filesystem::path& path,
                          const std::string& inside) {
  unite_kinds(object, path, inside);
  const JsonObject fields(object, path);
  const auto kind = fields.has("rope_type") ? fields.string("rope_type") : "default";
  const auto known = find_rotary_kind(kind)->fields;
  const auto is_known = [&](std::string_view name) {
    return std::ranges::find(known, name, &RotaryField::name) != known.end();
  };
  const auto named = [&](std::string_view name) { return fmt::format("{}.{}", inside, name); };
  object.erase("rope_theta");
  if (kind == "yarn") take_mscale(object, path);
  for (const auto& [name, neutral] : kNeutral) {
    const std::string field(name);
    if (is_known(name) || !fields.has(name)) continue;
    if (fields.number(name) != neutral) refuse(path, named(field), object.at(field));
    object.erase(field);
  }
  for (const auto& [name, neutral] :
       {std::pair{"partial_rotary_factor", Json(1.0)}, std::pair{"truncate", Json(true)}}) {
    if (!fields.has(name)) continue;
    if (object.at(name) != neutral) refuse(path, named(name), object.at(name));
    object.erase(name);
  }
  for (const std::string name : {"original_max_position_embeddings", "finetuned"}) {
    if (!is_known(name)) object.erase(name);
  }
  return read_rotary_scaling(object, path, inside);
}

}  // namespace

double read_hugging_face_theta(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  std::optional<double> theta;
  std::string first;
  const auto read = [&](const JsonObject& object, const std::string& name) {
    if (!object.has("rope_theta")) return;
    const double value = object.number("rope_theta");
    if (theta.value_or(value) != value) {
      throw FileError(
          path, fmt::format("field \"{}\" is {}, but \"{}\" is {}", name, value, first, *theta));
    }
    if (!theta) first = name;
    theta = value;
  };
  read(fields, "rope_theta");
  for (const std::string inside : kObjects) {
    if (fields.has(inside)) read(fields.object(inside), inside + ".rope_theta");
  }
  return theta.value_or(10000.0);
}

RotaryScaling read_hugging_face_rotary(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  std::optional<RotaryScaling> scaling;
  for (const auto* inside : kObjects) {
    if (!fields.has(inside)) continue;
    fields.object(inside);  // is one
    auto read = read_object(json.at(inside), path, inside);
    if (scaling && *scaling != read) {
      throw FileError(path, fmt::format("fields \"{}\" and \"{}\" scale rotary positions in two "
                                        "different ways",
                                        kObjects[0], kObjects[1]));
    }
    scaling = std::move(read);
  }
  return scaling.value_or(RotaryScaling{});
}

}  // namespace minillama
