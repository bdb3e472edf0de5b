#include "common/constraint_arguments.h"

#include <string_view>

#include "minillama/core/error.h"
#include "minillama/text/text_file.h"

namespace minillama::app {
namespace {

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(',');
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// A schema is an object; anything else is the path of a file.
std::shared_ptr<const Constraint> read_schema(const std::string& text, const Tokenizer& tokenizer) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') {
    return Constraint::json_schema(text, tokenizer);
  }
  const TextFile file(text);
  try {
    return Constraint::json_schema(file.text(), tokenizer);
  } catch (const OptionError& error) {
    throw FileError(file.path(), error.what());
  }
}

}  // namespace

void add_constraint_arguments(Arguments& arguments) {
  arguments.group("Constraint");
  arguments.option("choices",
                   "Write one of these texts, behind the prompt as they stand here: behind a word "
                   "begin each with a space",
                   "A,B,C");
  arguments.option("regex",
                   "Write a text that the whole of a regular expression matches: literals, ., "
                   "classes, groups, |, ?, *, + and {m,n}",
                   "PATTERN");
  arguments.option("json-schema",
                   "Write JSON that a schema describes, given here or in a file; "
                   "docs/constrained.md lists what it may say",
                   "JSON|PATH");
  arguments.flag("json-object", "Write a JSON object, whatever its names and values");
}

std::vector<std::string> constraint_options() {
  return {"choices", "regex", "json-schema", "json-object"};
}

std::vector<OptionRule> constraint_rules() {
  std::vector<OptionRule> rules;
  const auto options = constraint_options();
  for (std::size_t i = 0; i < options.size(); ++i) {
    rules.push_back(
        {.option = options[i],
         .excludes = {options.begin() + static_cast<std::ptrdiff_t>(i) + 1, options.end()},
         .reason = "each says alone what may be written"});
    rules.push_back({.option = options[i],
                     .excludes = {"ignore-eos", "compat", "min-new-tokens"},
                     .reason = "it says where the text ends"});
  }
  return rules;
}

std::shared_ptr<const Constraint> read_constraint(const Arguments& arguments,
                                                  const Tokenizer& tokenizer) {
  if (arguments.given("choices")) {
    return Constraint::choices(parts_of(arguments.text("choices")), tokenizer);
  }
  if (arguments.given("regex")) {
    return Constraint::regular_expression(arguments.text("regex"), tokenizer);
  }
  if (arguments.given("json-schema")) {
    return read_schema(arguments.text("json-schema"), tokenizer);
  }
  if (arguments.is_set("json-object")) {
    return Constraint::json_schema(R"({"type": "object"})", tokenizer);
  }
  return nullptr;
}

}  // namespace minillama::app
