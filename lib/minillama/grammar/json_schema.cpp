#include "minillama/grammar/json_schema.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/grammar/json_language.h"
#include "minillama/grammar/regular_expression.h"

namespace minillama {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
/// As deep as schemas and values may stand in each other.
constexpr int kMostDepth = 64;
/// A bound that does not fit into this is no bound of what can be written.
constexpr std::size_t kMostCount = 1'000'000;

/// Say nothing about which texts are allowed.
const std::set<std::string_view> kAnnotations{
    "$schema", "$id",      "$comment",   "$defs",    "definitions", "title",
    "default", "examples", "deprecated", "readOnly", "writeOnly",   "description"};

struct SchemaReader {
  /// A schema within the document, and where it is.
  struct Place {
    const Json& schema;
    std::string path;

    Place inside(const Json& part, std::string_view keyword) const {
      return {part, fmt::format("{}/{}", path, keyword)};
    }
    Place at(std::string_view keyword) const {
      return inside(schema.at(std::string(keyword)), keyword);
    }
    bool has(std::string_view keyword) const { return schema.contains(std::string(keyword)); }
    /// As messages show it: no longer than a line has room for.
    std::string shown_path() const {
      constexpr std::size_t kMost = 200;
      return path.size() <= kMost ? printable(path) : printable(path.substr(0, kMost)) + "…";
    }
    [[noreturn]] void refuse(std::string_view problem) const {
      throw OptionError(fmt::format("the JSON schema at {} {}", shown_path(), problem));
    }
    [[noreturn]] void refuse_value(std::string_view rule) const {
      refuse(fmt::format("is {}, must be {}", shown(schema), rule));
    }
  };

  /// What a value of a type may be.
  struct Type {
    std::string_view name;
    std::vector<std::string_view> keywords;
    Language (SchemaReader::*read)(const Place& place);
    bool (*is)(const Json& value);
  };

  static std::span<const Type> types();

  Language read(const Place& place) {
    if (++depth_ > kMostDepth) {
      place.refuse(fmt::format("is more than {} schemas deep", kMostDepth));
    }
    auto language = read_any(place);
    --depth_;
    return language;
  }

  Language read_any(const Place& place) {
    const auto& schema = place.schema;
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) place.refuse("is false, which no value obeys");
      return any_json(kAnyDepth);
    }
    if (!schema.is_object()) place.refuse_value("a schema: an object, true or false");
    if (place.has("$ref")) return read_reference(place);
    for (const auto* keyword : {"anyOf", "oneOf", "allOf"}) {
      if (place.has(keyword)) return read_alternatives(place, keyword);
    }
    for (const auto* keyword : {"const", "enum"}) {
      if (place.has(keyword)) return read_values(place, keyword);
    }
    const auto chosen = types_of(place);
    if (chosen.empty()) {
      allow_only(place, {});
      return any_json(kAnyDepth);
    }
    std::set<std::string_view> known{"type"};
    for (const auto* type : chosen) known.insert(type->keywords.begin(), type->keywords.end());
    allow_only(place, known);
    std::vector<Language> all;
    for (const auto* type : chosen) all.push_back((this->*type->read)(place));
    return any_of(std::move(all));
  }

  /// Throws if the schema has another keyword, which would change what it means.
  static void allow_only(const Place& place, const std::set<std::string_view>& known) {
    for (const auto& [keyword, value] : place.schema.items()) {
      if (known.contains(keyword) || kAnnotations.contains(keyword)) continue;
      place.refuse(
          fmt::format("has the keyword {}, which is not supported{}", quote(keyword),
                      known.empty() ? "" : fmt::format(" beside {}", fmt::join(known, ", "))));
    }
  }

  Language read_reference(const Place& place) {
    allow_only(place, {"$ref"});
    const auto target = place.at("$ref");
    if (!target.schema.is_string()) target.refuse_value("a text");
    const auto name = target.schema.get<std::string>();
    const Json* found = name.starts_with('#') ? find(name.substr(1)) : nullptr;
    if (found == nullptr) target.refuse_value("a place in this schema, as \"#/$defs/name\"");
    const auto known = references_.find(name);
    if (known != references_.end()) {
      if (!known->second) target.refuse("is in itself, so that its values have no end");
      return known->second;
    }
    references_[name] = nullptr;  // as long as it is read
    auto language = read({*found, name});
    references_[name] = language;
    return language;
  }

  /// By a JSON pointer (RFC 6901).
  const Json* find(const std::string& pointer) const {
    try {
      const Json::json_pointer place(pointer);
      return document_.contains(place) ? &document_.at(place) : nullptr;
    } catch (const nlohmann::json::exception&) {
      return nullptr;
    }
  }

  Language read_alternatives(const Place& place, const std::string& keyword) {
    allow_only(place, {keyword});
    const auto all = place.at(keyword);
    if (!all.schema.is_array() || all.schema.empty()) all.refuse_value("a list of schemas");
    if (keyword == "allOf" && all.schema.size() > 1) {
      all.refuse("has several schemas, which is not supported");
    }
    std::vector<Language> languages;
    for (std::size_t i = 0; i < all.schema.size(); ++i) {
      languages.push_back(read(all.inside(all.schema[i], fmt::to_string(i))));
    }
    return any_of(std::move(languages));
  }

  Language read_values(const Place& place, const std::string& keyword) {
    allow_only(place, {keyword, "type"});
    const auto given = place.at(keyword);
    if (keyword == "enum" && (!given.schema.is_array() || given.schema.empty())) {
      given.refuse_value("a list of values");
    }
    const auto chosen = place.has("type") ? types_of(place) : std::vector<const Type*>{};
    const auto is_allowed = [&](const Json& value) {
      return chosen.empty() ||
             std::ranges::any_of(chosen, [&](const Type* type) { return type->is(value); });
    };
    std::vector<Language> all;
    const auto add = [&](const Json& value) {
      if (is_allowed(value)) all.push_back(json_value(value));
    };
    if (keyword == "enum") {
      std::ranges::for_each(given.schema, add);
    } else {
      add(given.schema);
    }
    if (all.empty()) given.refuse("has no value of the type");
    return any_of(std::move(all));
  }

  /// Those that "type" names, or that the other keywords are about.
  std::vector<const Type*> types_of(const Place& place) const {
    std::vector<const Type*> chosen;
    if (!place.has("type")) {
      for (const auto& type : types()) {
        if (std::ranges::any_of(type.keywords, [&](auto keyword) { return place.has(keyword); })) {
          chosen.push_back(&type);
        }
      }
      return chosen;
    }
    const auto given = place.at("type");
    const auto names = given.schema.is_array() ? given.schema : Json::array({given.schema});
    for (const auto& name : names) {
      const auto found = std::ranges::find_if(
          types(), [&](const Type& type) { return name.is_string() && name == type.name; });
      if (found == types().end()) given.refuse_value("the name of a type of JSON, or several");
      chosen.push_back(&*found);
    }
    if (chosen.empty()) given.refuse_value("the name of a type of JSON, or several");
    return chosen;
  }

  static std::optional<std::size_t> count(const Place& place, std::string_view keyword) {
    if (!place.has(keyword)) return std::nullopt;
    const auto given = place.at(keyword);
    const bool is_count = given.schema.is_number_integer() && given.schema >= 0;
    if (!is_count || given.schema > kMostCount) {
      given.refuse_value(fmt::format("a whole number from 0 to {}", kMostCount));
    }
    return given.schema.get<std::size_t>();
  }

  struct Counts {
    std::size_t least;
    std::optional<std::size_t> most;
  };
  static Counts counts(const Place& place, std::string_view least, std::string_view most) {
    const Counts counts{count(place, least).value_or(0), count(place, most)};
    if (counts.most && *counts.most < counts.least) {
      place.refuse(fmt::format("has {} {}, less than {}, which is {}", most, *counts.most, least,
                               counts.least));
    }
    return counts;
  }

  Language read_object(const Place& place) {
    const auto names = required_names(place);
    const auto others = place.has("additionalProperties") ? place.at("additionalProperties")
                                                          : Place{kTrue, place.path};
    const auto other = others.schema == Json(false) ? nullptr : read(others);
    if (!place.has("properties")) {
      if (!names.empty()) missing(place, *names.begin());
      return other ? json_object(other) : json_object(std::vector<JsonProperty>());
    }
    const auto given = place.at("properties");
    if (!given.schema.is_object()) given.refuse_value("an object of schemas");
    for (const auto& name : names) {
      if (!given.schema.contains(name)) missing(place, name);
    }
    std::vector<JsonProperty> properties;
    for (const auto& [name, schema] : given.schema.items()) {
      properties.push_back({name, read(given.inside(schema, name)), names.contains(name)});
    }
    return json_object(properties);
  }

  [[noreturn]] static void missing(const Place& place, const std::string& name) {
    place.at("required")
        .refuse(fmt::format("has {}, which is none of the properties", quote(name)));
  }

  static std::set<std::string> required_names(const Place& place) {
    std::set<std::string> names;
    if (!place.has("required")) return names;
    const auto given = place.at("required");
    if (!given.schema.is_array()) given.refuse_value("a list of names");
    for (const auto& name : given.schema) {
      if (!name.is_string()) given.refuse_value("a list of names");
      names.insert(name.get<std::string>());
    }
    return names;
  }

  Language read_array(const Place& place) {
    const auto [least, most] = counts(place, "minItems", "maxItems");
    const auto item = place.has("items") ? read(place.at("items")) : any_json(kAnyDepth);
    return json_array(item, least, most);
  }

  Language read_string(const Place& place) {
    const auto [least, most] = counts(place, "minLength", "maxLength");
    if (!place.has("pattern")) return json_string(least, most);
    if (place.has("minLength") || place.has("maxLength")) {
      place.refuse("has a pattern, which is not supported beside minLength and maxLength");
    }
    const auto pattern = place.at("pattern");
    if (!pattern.schema.is_string()) pattern.refuse_value("a text");
    const auto name =
        fmt::format("the JSON schema at {} is wrong: the regular expression", pattern.shown_path());
    return json_string(
        parse_regular_expression(pattern.schema.get<std::string>(),
                                 {.name = name, .is_search = true, .character = json_character}));
  }

  Language read_integer(const Place& place) {
    std::int64_t least = -kLargestJsonInteger, most = kLargestJsonInteger;
    const auto bound = [&](std::string_view keyword) -> std::optional<double> {
      if (!place.has(keyword)) return std::nullopt;
      const auto given = place.at(keyword);
      // Numbers with more digits are not told apart as doubles.
      if (!given.schema.is_number() || std::abs(given.schema.get<double>()) > 1e15) {
        given.refuse_value("a number from -1e15 to 1e15");
      }
      return given.schema.get<double>();
    };
    const auto whole = [](double value) { return static_cast<std::int64_t>(value); };
    const auto raise = [&](std::int64_t to) { least = std::max(least, to); };
    const auto lower = [&](std::int64_t to) { most = std::min(most, to); };
    if (const auto x = bound("minimum")) raise(whole(std::ceil(*x)));
    if (const auto x = bound("exclusiveMinimum")) raise(whole(std::floor(*x)) + 1);
    if (const auto x = bound("maximum")) lower(whole(std::floor(*x)));
    if (const auto x = bound("exclusiveMaximum")) lower(whole(std::ceil(*x)) - 1);
    if (least > most) place.refuse("has no integer between its bounds");
    return json_integer(least, most);
  }

  Language read_number(const Place& /*place*/) { return json_number(); }
  Language read_boolean(const Place& /*place*/) {
    return any_of({literal("true"), literal("false")});
  }
  Language read_null(const Place& /*place*/) { return literal("null"); }

  static const Json kTrue;

  const Json& document_;
  std::map<std::string, Language> references_ = {};  // null: it is being read
  int depth_ = 0;
};

const Json SchemaReader::kTrue = true;

std::span<const SchemaReader::Type> SchemaReader::types() {
  static const Type all[] = {
      {"object",
       {"properties", "required", "additionalProperties"},
       &SchemaReader::read_object,
       [](const Json& value) { return value.is_object(); }},
      {"array",
       {"items", "minItems", "maxItems"},
       &SchemaReader::read_array,
       [](const Json& value) { return value.is_array(); }},
      {"string",
       {"minLength", "maxLength", "pattern"},
       &SchemaReader::read_string,
       [](const Json& value) { return value.is_string(); }},
      {"integer",
       {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
       &SchemaReader::read_integer,
       [](const Json& value) { return value.is_number_integer(); }},
      {"number",
       {},
       &SchemaReader::read_number,
       [](const Json& value) { return value.is_number(); }},
      {"boolean",
       {},
       &SchemaReader::read_boolean,
       [](const Json& value) { return value.is_boolean(); }},
      {"null", {}, &SchemaReader::read_null, [](const Json& value) { return value.is_null(); }}};
  return all;
}

}  // namespace

Language parse_json_schema(std::string_view schema) {
  if (schema.size() > kMostBytes) {
    throw OptionError(fmt::format("the JSON schema has {} bytes, must have at most {}",
                                  schema.size(), kMostBytes));
  }
  const auto check_depth = [](int depth, Json::parse_event_t, const Json&) {
    // A schema's values are schemas of its keywords: two levels for each.
    if (depth > 2 * kMostDepth) {
      throw OptionError(fmt::format("the JSON schema is more than {} levels deep", 2 * kMostDepth));
    }
    return true;
  };
  try {
    const auto document = parse_json(schema, "the JSON schema", check_depth);
    return SchemaReader{document}.read({document, "#"});
  } catch (const FileError& error) {
    throw OptionError(error.what());
  }
}

}  // namespace minillama
