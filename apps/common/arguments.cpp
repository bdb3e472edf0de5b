#include "common/arguments.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <sstream>
#include <utility>

#include <cxxopts.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

#include "common/app.h"
#include "common/completion.h"
#include "common/man_page.h"
#include "common/output.h"
#include "common/settings_file.h"
#include "common/shell_word.h"
#include "common/spelling.h"

namespace minillama::app {
namespace {

constexpr const char* kOther = "Other";  // the last group, which all apps have

/// "--max_new_tokens=5" -> "--max-new-tokens=5"; whatever is no long option stays.
std::string with_dashes(std::string argument) {
  if (!argument.starts_with("--")) return argument;
  const auto end =
      argument.begin() + static_cast<std::ptrdiff_t>(std::min(argument.find('='), argument.size()));
  std::replace(argument.begin(), end, '_', '-');
  return argument;
}

/// cxxopts puts names into typographic quotation marks.
std::string plain(std::string message) {
  for (const std::string_view mark : {"‘", "’"}) {
    for (std::size_t at = 0; (at = message.find(mark, at)) != std::string::npos;) {
      message.replace(at, mark.size(), "'");
    }
  }
  return printable(message);
}

/// "unknown option --tempp: did you mean --temp?"
std::string unknown_option(const std::string& name, const std::vector<std::string>& known) {
  const auto nearer = [&](const std::string& a, const std::string& b) {
    return edit_distance(name, a) < edit_distance(name, b);
  };
  const auto nearest = std::ranges::min_element(known, nearer);
  auto message = fmt::format("unknown option {}{}", name.size() == 1 ? "-" : "--", name);
  const bool is_near = nearest != known.end() && is_slip_of(name, *nearest);
  if (name.size() > 1 && is_near) return message + fmt::format(": did you mean --{}?", *nearest);
  return message + ": --help lists all";
}

/// A command on lines of at most `width` characters that a shell reads as one, if words allow.
std::string command_lines(std::string_view command, std::size_t width) {
  std::string out = "  ";
  std::size_t column = 2;
  while (!command.empty()) {
    // Up to a space that is in no quotation marks.
    std::size_t end = 0;
    for (bool quoted = false; end < command.size() && (quoted || command[end] != ' '); ++end) {
      quoted ^= command[end] == '"';
    }
    const bool is_first = column == 2;
    if (!is_first && column + 1 + end + 2 > width) {
      out += " \\\n    ";
      column = 4;
    } else if (!is_first) {
      out += ' ';
      ++column;
    }
    out += command.substr(0, end);
    column += end;
    command.remove_prefix(std::min(end + 1, command.size()));
  }
  return out + '\n';
}

}  // namespace

struct Arguments::State {
  std::string program;
  std::string called;  // as which the program was started; installed, some are "minillama-…"
  cxxopts::Options options;
  OptionList list;
  std::vector<std::string> groups;
  std::vector<std::string> listed;  // how the titles of those begin that --help lists; none: all
  std::vector<std::string> given;   // the words of the command line
  std::string verb;                 // in front of them
  cxxopts::ParseResult parsed;      // what they say

  std::vector<std::string> long_names() const;
  cxxopts::ParseResult parse(const std::vector<std::string>& words);
};

std::vector<std::string> Arguments::State::long_names() const {
  std::vector<std::string> names;
  for (const auto& option : list.options) {
    std::ranges::copy_if(option.names, std::back_inserter(names),
                         [](const auto& name) { return name.size() > 1; });
  }
  return names;
}

/// What the words of a command line, without the program's name, say.
cxxopts::ParseResult Arguments::State::parse(const std::vector<std::string>& words) {
  std::vector<std::string> arguments{program};
  bool only_positional = false;
  for (const auto& word : words) {
    arguments.push_back(only_positional ? word : with_dashes(word));
    only_positional |= word == "--";
  }
  std::vector<const char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(argument.c_str());
  try {
    return options.parse(static_cast<int>(pointers.size()), pointers.data());
  } catch (const std::exception& error) {
    const auto message = plain(error.what());
    if (message.ends_with("' does not exist")) {
      const auto begin = message.find('\'') + 1;
      throw OptionError(
          unknown_option(message.substr(begin, message.rfind('\'') - begin), long_names()));
    }
    throw OptionError(message);
  }
}

Arguments::Arguments(const std::string& program, std::string summary, std::string usage,
                     std::vector<std::string> examples)
    : state_(new State{.program = program,
                       .called = program,
                       .options = cxxopts::Options(program, summary),
                       .list = {.program = program,
                                .summary = std::move(summary),
                                .usage = usage,
                                .examples = std::move(examples)}}) {
  state_->options.custom_help(std::move(usage));
}

Arguments::~Arguments() = default;
Arguments::Arguments(Arguments&&) noexcept = default;

void Arguments::group(const std::string& title) {
  state_->groups.push_back(title);
}

void Arguments::option(const std::string& names, const std::string& help, const std::string& value,
                       const std::optional<std::string>& default_value) {
  add_option(names, {.help = help, .value = value, .default_value = default_value});
}

void Arguments::repeated_option(const std::string& names, const std::string& help,
                                const std::string& value) {
  add_option(names, {.help = help, .value = value, .is_repeated = true});
}

void Arguments::flag(const std::string& names, const std::string& help) {
  add_option(names, {.help = help});
}

void Arguments::positional_option(const std::string& name) {
  state_->options.parse_positional(name);
  state_->options.positional_help("").show_positional_help();
}

void Arguments::list_only(std::vector<std::string> groups) {
  state_->listed = std::move(groups);
}

void Arguments::add_option(const std::string& names, Option option) {
  auto type = option.value.empty() ? std::shared_ptr<cxxopts::Value>(cxxopts::value<bool>())
                                   : cxxopts::value<std::string>();
  if (option.default_value) type->default_value(*option.default_value);
  option.group = state_->groups.back();
  state_->options.add_options(option.group)(names, option.help, type, option.value);
  std::istringstream in(names);
  for (std::string name; std::getline(in, name, ',');) option.names.push_back(name);
  state_->list.options.push_back(std::move(option));
}

OptionList Arguments::list_as_called() const {
  auto list = state_->list;
  list.program = state_->called;
  for (auto& example : list.examples) {
    const std::string before = example.starts_with(state_->program) ? "" : "| ";
    const auto at = example.find(before + state_->program);
    if (at != std::string::npos) {
      example.replace(at + before.size(), state_->program.size(), state_->called);
    }
  }
  return list;
}

std::string Arguments::help() const {
  constexpr std::size_t kUsual = 80;
  constexpr std::size_t kWidest = 100;  // longer lines are hard to read
  const auto width = std::min(columns(1, kUsual), kWidest);
  state_->options.set_width(width);
  auto groups = state_->groups;
  const auto is_unlisted = [&](const std::string& title) {
    return title != kOther && !state_->listed.empty() &&
           std::ranges::none_of(state_->listed,
                                [&](const auto& begin) { return title.starts_with(begin); });
  };
  std::erase_if(groups, is_unlisted);
  auto text = state_->options.help(groups);
  const std::string usage = "Usage:\n  ";
  if (const auto at = text.find(usage + state_->program + ' '); at != std::string::npos) {
    text.replace(at + usage.size(), state_->program.size(), state_->called);
  }
  text = wrapped(text, width) + "\nExamples:\n";
  for (const auto& example : list_as_called().examples) text += command_lines(example, width);
  return text;
}

std::string Arguments::about_program() const {
  if (is_set("help")) return help();
  if (is_set("version")) return fmt::format("minillama {}\n", version());
  if (is_set("man")) return man_page(list_as_called(), version());
  if (!given("completion")) return "";
  return completion(choice("completion", completed_shells()), list_as_called());
}

bool Arguments::parse(int argc, const char* const* argv) {
  if (argc > 0) state_->called = std::filesystem::path(argv[0]).filename().string();
  group(kOther);
  option(
      "settings",
      "Options of a file: an object of JSON such as a run's settings.json; what the command line "
      "gives counts before",
      "PATH");
  option("completion", "Print what completes the options in a shell: bash, fish or zsh", "SHELL");
  flag("man", "Print the page for man");
  take({argv + std::min(argc, 1), argv + argc});
  if (const auto about = about_program(); !about.empty()) {
    write_result(about);
    return false;
  }
  refuse_repetition();
  if (given("settings")) {
    const std::filesystem::path path = text("settings");
    try {
      add(read_settings(path));
    } catch (const OptionError& error) {
      throw FileError(path, error.what());
    }
  }
  return true;
}

void Arguments::set_verb(std::string verb) {
  state_->verb = std::move(verb);
}

std::string Arguments::command() const {
  auto command = shell_word(state_->called);
  if (!state_->verb.empty()) command += ' ' + shell_word(state_->verb);
  for (const auto& word : state_->given) command += ' ' + shell_word(word);
  return command;
}

void Arguments::read(const std::vector<std::string>& words) {
  group(kOther);
  take(words);
  refuse_repetition();
}

void Arguments::take(const std::vector<std::string>& words) {
  flag("quiet", "Print results, warnings and errors only");
  flag("version", "Print the version");
  flag("help,h", "Print this help");
  state_->given = words;
  state_->parsed = state_->parse(words);
}

void Arguments::add(const std::vector<std::string>& words) {
  const auto before = all_given();
  state_->parsed = state_->parse(words);
  refuse_repetition();
  std::vector<std::string> all;
  for (const auto& argument : state_->parsed.arguments()) {
    if (std::ranges::find(before, argument.key()) != before.end()) continue;
    all.push_back(fmt::format("--{}={}", argument.key(), argument.value()));
  }
  // In front, since what follows "--" is no option.
  state_->given.insert(state_->given.begin(), all.begin(), all.end());
  state_->parsed = state_->parse(state_->given);
}

bool Arguments::given(const std::string& name) const {
  return state_->parsed.count(name) > 0;
}

std::vector<std::string> Arguments::all_given() const {
  std::vector<std::string> names;
  for (const auto& argument : state_->parsed.arguments()) names.push_back(argument.key());
  return names;
}

bool Arguments::is_set(const std::string& name) const {
  return given(name);
}

bool Arguments::takes_value(const std::string& name) const {
  return !state_->list.named(name).value.empty();
}

std::string Arguments::text(const std::string& name) const {
  const auto& value = state_->parsed[name];
  return given(name) || value.has_default() ? value.as<std::string>() : "";
}

std::vector<std::string> Arguments::texts(const std::string& name) const {
  std::vector<std::string> values;
  for (const auto& argument : state_->parsed.arguments()) {
    if (argument.key() == name) values.push_back(argument.value());
  }
  return values;
}

void Arguments::refuse_repetition() const {
  std::set<std::string> seen;
  for (const auto& argument : state_->parsed.arguments()) {
    const auto& name = argument.key();
    if (!seen.insert(name).second && !state_->list.named(name).is_repeated) {
      throw OptionError(fmt::format("--{} is given twice", name));
    }
  }
}

std::string Arguments::choice(const std::string& name,
                              const std::vector<std::string>& choices) const {
  const auto value = text(name);
  if (std::ranges::find(choices, value) == choices.end()) {
    throw OptionError(
        fmt::format("--{} is {}, must be {}", name, quote(value), fmt::join(choices, " or ")));
  }
  return value;
}

std::int64_t Arguments::integer(const std::string& name) const {
  const auto value = text(name);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw OptionError(fmt::format("--{} is {}, must be an integer", name, quote(value)));
  }
  return number;
}

double Arguments::number(const std::string& name) const {
  const auto value = text(name);
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw OptionError(fmt::format("--{} is {}, must be a number", name, quote(value)));
  }
  return number;
}

const std::vector<std::string>& Arguments::positional() const {
  return state_->parsed.unmatched();
}

}  // namespace minillama::app
