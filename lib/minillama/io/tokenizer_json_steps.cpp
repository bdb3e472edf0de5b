#include "minillama/io/tokenizer_json_steps.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/tokenizer_json_values.h"

namespace minillama {
namespace fs = std::filesystem;
namespace {

// Numbers that Unicode 17 added, which "Digits" knows and patterns do not.
constexpr const char* kDigits = R"([\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}])";

constexpr std::array<std::pair<std::string_view, UnicodeForm>, 4> kForms = {
    {{"NFC", UnicodeForm::nfc},
     {"NFD", UnicodeForm::nfd},
     {"NFKC", UnicodeForm::nfkc},
     {"NFKD", UnicodeForm::nfkd}}};

constexpr std::array<std::pair<std::string_view, SplitBehavior>, 5> kBehaviors = {
    {{"Isolated", SplitBehavior::isolated},
     {"Removed", SplitBehavior::removed},
     {"MergedWithPrevious", SplitBehavior::merged_with_previous},
     {"MergedWithNext", SplitBehavior::merged_with_next},
     {"Contiguous", SplitBehavior::contiguous}}};

NormalizerStep read_normalizer_step(const Json& json, const fs::path& path) {
  const JsonObject fields(json, path);
  const auto type = fields.string("type");
  for (const auto& [name, form] : kForms) {
    if (type == name) return form;
  }
  if (type == "Lowercase") return Lowercase();
  if (type == "Prepend") return Prepend{fields.string("prepend")};
  if (type == "Replace") return read_replace(fields);
  if (type == "Strip")
    return StripSpace{fields.boolean("strip_left"), fields.boolean("strip_right")};
  refuse_step("normalizer", type, path);
}

struct NormalizerJson {
  Json operator()(UnicodeForm form) const { return {{"type", name_of(kForms, form)}}; }
  Json operator()(const Lowercase&) const { return {{"type", "Lowercase"}}; }
  Json operator()(const Prepend& step) const {
    return {{"type", "Prepend"}, {"prepend", step.text}};
  }
  Json operator()(const Replace& step) const { return replace_json(step); }
  Json operator()(const StripSpace& step) const {
    return {{"type", "Strip"}, {"strip_left", step.left}, {"strip_right", step.right}};
  }
};

Split read_split(const JsonObject& fields, const fs::path& path) {
  fields.allow_only({"type", "pattern", "behavior", "invert"});
  return {.pattern = read_pattern(fields),
          .behavior = named(kBehaviors, fields.string("behavior"), "behavior", path),
          .is_inverted = flag(fields, "invert", false)};
}

void read_byte_level(const JsonObject& fields, BpeRecord& record) {
  fields.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  if (flag(fields, "add_prefix_space", true)) record.pre_tokenizer.emplace_back(PrefixSpace());
  if (flag(fields, "use_regex", true)) {
    record.pre_tokenizer.emplace_back(Split{.pattern = {kGpt2Pattern, true}});
  }
  record.byte_level = true;
}

void read_pre_tokenizer_step(const Json& json, const fs::path& path, BpeRecord& record) {
  if (record.byte_level) {
    throw FileError(path,
                    "its pre_tokenizer has a step behind \"ByteLevel\", which is not "
                    "supported");
  }
  const JsonObject fields(json, path);
  const auto type = fields.string("type");
  if (type == "ByteLevel") {
    read_byte_level(fields, record);
  } else if (type == "Split") {
    record.pre_tokenizer.emplace_back(read_split(fields, path));
  } else if (type == "Digits") {
    record.pre_tokenizer.emplace_back(split_of_digits(flag(fields, "individual_digits", false)));
  } else if (type == "WhitespaceSplit") {
    record.pre_tokenizer.emplace_back(
        Split{.pattern = {R"(\s)", true}, .behavior = SplitBehavior::removed});
  } else if (type == "Metaspace") {
    record.pre_tokenizer.emplace_back(read_metaspace(fields, path));
  } else {
    refuse_step("pre_tokenizer", type, path);
  }
}

Json pre_tokenizer_step_json(const PreTokenizerStep& step) {
  if (const auto* space = std::get_if<Metaspace>(&step)) return metaspace_json(*space);
  const auto* split = std::get_if<Split>(&step);
  if (split == nullptr) {
    return {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"use_regex", false}};
  }
  for (const bool is_individual : {true, false}) {
    if (*split == split_of_digits(is_individual)) {
      return {{"type", "Digits"}, {"individual_digits", is_individual}};
    }
  }
  return {{"type", "Split"},
          {"pattern", pattern_json(split->pattern)},
          {"behavior", name_of(kBehaviors, split->behavior)},
          {"invert", split->is_inverted}};
}

/// The step that ends a list of those of bytes, which takes in the last ones.
Json take_byte_level(std::vector<PreTokenizerStep>& steps) {
  const auto take = [&](const PreTokenizerStep& step) {
    const bool is_last = !steps.empty() && steps.back() == step;
    if (is_last) steps.pop_back();
    return is_last;
  };
  const bool use_regex = take(Split{.pattern = {kGpt2Pattern, true}});
  const bool add_prefix_space = take(PrefixSpace());
  return {{"type", "ByteLevel"},
          {"add_prefix_space", add_prefix_space},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

}  // namespace

Split split_of_digits(bool is_individual) {
  return {.pattern = {kDigits, true},
          .behavior = is_individual ? SplitBehavior::isolated : SplitBehavior::contiguous};
}

void read_normalizer(const Json& json, const fs::path& path, BpeRecord& record) {
  each_step(json, "normalizers", path, [&](const Json& step) {
    record.normalizer.push_back(read_normalizer_step(step, path));
  });
}

void read_pre_tokenizer(const Json& json, const fs::path& path, BpeRecord& record) {
  each_step(json, "pretokenizers", path,
            [&](const Json& step) { read_pre_tokenizer_step(step, path, record); });
}

Json normalizer_json(const BpeRecord& record) {
  Json steps = Json::array();
  for (const auto& step : record.normalizer) steps.push_back(std::visit(NormalizerJson(), step));
  return sequence("normalizers", std::move(steps));
}

Json pre_tokenizer_json(const BpeRecord& record) {
  auto left = record.pre_tokenizer;
  Json last;
  if (record.byte_level) last = take_byte_level(left);
  Json steps = Json::array();
  for (const auto& step : left) steps.push_back(pre_tokenizer_step_json(step));
  if (record.byte_level) steps.push_back(std::move(last));
  return sequence("pretokenizers", std::move(steps));
}

}  // namespace minillama
