#include "minillama/io/tokenizer_json_values.h"

#include <array>
#include <utility>

namespace minillama {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::pair<std::string_view, PrependScheme>, 3> kSchemes = {
    {{"never", PrependScheme::never},
     {"first", PrependScheme::first},
     {"always", PrependScheme::always}}};

}  // namespace

bool flag(const JsonObject& fields, std::string_view key, bool otherwise) {
  return fields.has(key) ? fields.boolean(key) : otherwise;
}

void each_step(const Json& json, std::string_view list, const fs::path& path,
               const std::function<void(const Json& step)>& read) {
  if (json.is_null()) return;
  const JsonObject fields(json, path);
  if (fields.string("type") != "Sequence") {
    read(json);
    return;
  }
  fields.allow_only({"type", list});
  const auto steps = json.find(std::string(list));
  if (steps == json.end() || !steps->is_array()) {
    throw FileError(path, fmt::format("field {} is no list", quote(list)));
  }
  for (const Json& step : *steps) read(step);
}

Json sequence(std::string_view list, Json steps) {
  if (steps.empty()) return {};
  if (steps.size() == 1) return steps[0];
  return {{"type", "Sequence"}, {list, std::move(steps)}};
}

TextPattern read_pattern(const JsonObject& fields) {
  const auto pattern = fields.object("pattern");
  pattern.allow_only({"String", "Regex"});
  const bool is_regex = pattern.has("Regex");
  return {pattern.string(is_regex ? "Regex" : "String"), is_regex};
}

Json pattern_json(const TextPattern& pattern) {
  return {{pattern.is_regex ? "Regex" : "String", pattern.text}};
}

void refuse_step(std::string_view what, const std::string& type, const fs::path& path) {
  throw FileError(
      path, fmt::format("its {} is of the kind {}, which is not supported", what, quote(type)));
}

Replace read_replace(const JsonObject& fields) {
  fields.allow_only({"type", "pattern", "content"});
  return {read_pattern(fields), fields.string("content")};
}

Json replace_json(const Replace& step) {
  return {{"type", "Replace"}, {"pattern", pattern_json(step.pattern)}, {"content", step.content}};
}

Metaspace read_metaspace(const JsonObject& fields, const fs::path& path) {
  fields.allow_only(
      {"type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"});
  Metaspace step{.replacement = fields.string("replacement"),
                 .splits = flag(fields, "split", true)};
  if (step.replacement.empty()) throw FileError(path, "field \"replacement\" is empty");
  if (fields.has("prepend_scheme")) {
    step.scheme = named(kSchemes, fields.string("prepend_scheme"), "prepend_scheme", path);
  } else if (!flag(fields, "add_prefix_space", true)) {
    step.scheme = PrependScheme::never;
  }
  return step;
}

Json metaspace_json(const Metaspace& step) {
  return {{"type", "Metaspace"},
          {"replacement", step.replacement},
          {"prepend_scheme", name_of(kSchemes, step.scheme)},
          {"split", step.splits}};
}

}  // namespace minillama
