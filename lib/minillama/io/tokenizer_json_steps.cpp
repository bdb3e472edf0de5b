#include "minillama/io/tokenizer_json_steps.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"

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

constexpr std::array<std::pair<std::string_view, PrependScheme>, 3> kSchemes = {
    {{"never", PrependScheme::never},
     {"first", PrependScheme::first},
     {"always", PrependScheme::always}}};

template <typename Names, typename Value>
std::string name_of(const Names& names, Value value) {
  for (const auto& [name, named] : names) {
    if (named == value) return std::string(name);
  }
  return {};
}

template <typename Names>
auto named(const Names& names, const std::string& name, std::string_view field,
           const fs::path& path) {
  for (const auto& [known, value] : names) {
    if (known == name) return value;
  }
  throw FileError(path,
                  fmt::format("field {} is {}, which is not supported", quote(field), quote(name)));
}

bool flag(const JsonObject& fields, std::string_view key, bool otherwise) {
  return fields.has(key) ? fields.boolean(key) : otherwise;
}

/// Calls `read` with each step of a value: none of null, those of a sequence, or the value itself.
template <typename Read>
void each_step(const Json& json, std::string_view list, const fs::path& path, const Read& read) {
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

/// The value of {"String": "…"} or {"Regex": "…"}.
TextPattern read_pattern(const JsonObject& fields) {
  const auto pattern = fields.object("pattern");
  pattern.allow_only({"String", "Regex"});
  const bool is_regex = pattern.has("Regex");
  return {pattern.string(is_regex ? "Regex" : "String"), is_regex};
}

Json pattern_json(const TextPattern& pattern) {
  return {{pattern.is_regex ? "Regex" : "String", pattern.text}};
}

[[noreturn]] void refuse(std::string_view what, const std::string& type, const fs::path& path) {
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
  refuse("normalizer", type, path);
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
    refuse("pre_tokenizer", type, path);
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

/// Reads the steps of a decoder, which must come in the order in which they are carried out here:
/// what is done to each piece, bytes, putting all together, the front of the text.
class DecoderReader {
 public:
  DecoderReader(BpeDecoding& decoding, const fs::path& path) : decoding_(decoding), path_(path) {}

  void read(const Json& json) {
    const JsonObject fields(json, path_);
    const auto type = fields.string("type");
    if (type == "ByteLevel") {
      begin(Stage::byte_level, Stage::pieces, type);
      decoding_.byte_level = true;
    } else if (type == "Replace") {
      begin(Stage::pieces, Stage::pieces, type);
      decoding_.steps.emplace_back(read_replace(fields));
    } else if (type == "Metaspace") {
      begin(Stage::pieces, Stage::pieces, type);
      decoding_.steps.emplace_back(read_metaspace(fields, path_));
    } else if (type == "ByteFallback") {
      begin(Stage::bytes, Stage::pieces, type);
      decoding_.byte_fallback = true;
    } else if (type == "Fuse") {
      begin(Stage::fused, Stage::bytes, type);
    } else if (type == "Strip") {
      if (stage_ != Stage::fused) refuse("decoder", "Strip in front of Fuse", path_);
      read_strip(fields);
    } else {
      refuse("decoder", type, path_);
    }
  }

 private:
  enum class Stage { pieces, bytes, fused, byte_level };

  void begin(Stage stage, Stage last, const std::string& type) {
    const bool is_alone = stage != Stage::byte_level || decoding_.steps.empty();
    if (stage_ > last || !is_alone) {
      throw FileError(path_, fmt::format("its decoder has {} behind other steps, which is not "
                                         "supported",
                                         quote(type)));
    }
    stage_ = stage;
  }

  void read_strip(const JsonObject& fields) {
    fields.allow_only({"type", "content", "start", "stop"});
    const auto content = fields.string("content");
    const auto start = fields.integer("start");
    const auto stop = fields.integer("stop");
    const bool is_ascii = content.size() == 1 && static_cast<unsigned char>(content[0]) < 0x80;
    if (!is_ascii || start < 0 || stop != 0 || decoding_.strip_count != 0) {
      throw FileError(path_, fmt::format("its decoder strips {} from {} places in front and {} at "
                                         "the end, which is not supported",
                                         quote(content), start, stop));
    }
    decoding_.strip_character = content[0];
    decoding_.strip_count = static_cast<std::size_t>(start);
  }

  BpeDecoding& decoding_;
  const fs::path& path_;
  Stage stage_ = Stage::pieces;
};

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

void read_decoder(const Json& json, const fs::path& path, BpeRecord& record) {
  if (json.is_null()) {
    throw FileError(path, "field \"decoder\" is missing, which is not supported");
  }
  DecoderReader reader(record.decoding, path);
  each_step(json, "decoders", path, [&](const Json& step) { reader.read(step); });
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

Json decoder_json(const BpeRecord& record) {
  const auto& decoding = record.decoding;
  if (decoding.byte_level) {
    return {{"type", "ByteLevel"},
            {"add_prefix_space", false},
            {"trim_offsets", true},
            {"use_regex", true}};
  }
  Json steps = Json::array();
  for (const auto& step : decoding.steps) {
    const auto* replace = std::get_if<Replace>(&step);
    steps.push_back(replace ? replace_json(*replace) : metaspace_json(std::get<Metaspace>(step)));
  }
  if (decoding.byte_fallback) steps.push_back({{"type", "ByteFallback"}});
  steps.push_back({{"type", "Fuse"}});
  if (decoding.strip_count > 0) {
    steps.push_back({{"type", "Strip"},
                     {"content", std::string(1, decoding.strip_character)},
                     {"start", decoding.strip_count},
                     {"stop", 0}});
  }
  return {{"type", "Sequence"}, {"decoders", std::move(steps)}};
}

}  // namespace minillama
