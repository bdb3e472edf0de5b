#pragma once

// Not part of the public interface: values that several fields of a tokenizer.json have. What reads
// throws FileError naming the kind or field that is unknown, broken or not supported.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/bpe_record.h"

namespace minillama {

/// The name of a value in a table of both; "" if it has none.
template <typename Names, typename Value>
std::string name_of(const Names& names, Value value) {
  for (const auto& [name, named] : names) {
    if (named == value) return std::string(name);
  }
  return {};
}

/// The value of that name, which `field` has.
template <typename Names>
auto named(const Names& names, const std::string& name, std::string_view field,
           const std::filesystem::path& path) {
  for (const auto& [known, value] : names) {
    if (known == name) return value;
  }
  throw FileError(path,
                  fmt::format("field {} is {}, which is not supported", quote(field), quote(name)));
}

/// A field that may be absent.
bool flag(const JsonObject& fields, std::string_view key, bool otherwise);

/// Calls `read` with each step of a value: none of null, those of a sequence under the name `list`,
/// or the value itself.
void each_step(const Json& json, std::string_view list, const std::filesystem::path& path,
               const std::function<void(const Json& step)>& read);
/// The reverse.
Json sequence(std::string_view list, Json steps);

/// The value of {"String": "…"} or {"Regex": "…"}.
TextPattern read_pattern(const JsonObject& fields);
Json pattern_json(const TextPattern& pattern);

Replace read_replace(const JsonObject& fields);
Json replace_json(const Replace& step);

Metaspace read_metaspace(const JsonObject& fields, const std::filesystem::path& path);
Json metaspace_json(const Metaspace& step);

/// Refuses a step of a kind that is not supported.
[[noreturn]] void refuse_step(std::string_view what, const std::string& type,
                              const std::filesystem::path& path);

}  // namespace minillama
