#include "common/arguments.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <numeric>
#include <set>
#include <sstream>
#include <utility>

#include <cxxopts.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

#include "common/output.h"

namespace minillama::app {
namespace {

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

/// How many characters must be put in, taken out or changed to make one word of the other
/// (Levenshtein 1965).
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const auto changed = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// "unknown option --tempp: did you mean --temp?"
std::string unknown_option(const std::string& name, const std::vector<std::string>& known) {
  const auto nearer = [&](const std::string& a, const std::string& b) {
    return distance(name, a) < distance(name, b);
  };
  const auto nearest = std::ranges::min_element(known, nearer);
  auto message = fmt::format("unknown option {}{}", name.size() == 1 ? "-" : "--", name);
  const bool is_near = nearest != known.end() && distance(name, *nearest) <= 1 + name.size() / 4;
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
  std::vector<std::string> examples;
  std::vector<std::string> groups;
  std::vector<std::string> names;  // the long ones
  std::set<std::string> repeated;  // the first names of those that may be given several times
  cxxopts::ParseResult parsed;
};

Arguments::Arguments(const std::string& program, std::string summary, std::string usage,
                     std::vector<std::string> examples)
    : state_(new State{.program = program,
                       .called = program,
                       .options = cxxopts::Options(program, std::move(summary)),
                       .examples = std::move(examples)}) {
  state_->options.custom_help(std::move(usage));
}

Arguments::~Arguments() = default;
Arguments::Arguments(Arguments&&) noexcept = default;

void Arguments::group(const std::string& title) {
  state_->groups.push_back(title);
}

void Arguments::option(const std::string& names, const std::string& help, const std::string& value,
                       const std::optional<std::string>& default_value) {
  add_names(names);
  auto type = cxxopts::value<std::string>();
  if (default_value) type->default_value(*default_value);
  state_->options.add_options(state_->groups.back())(names, help, type, value);
}

void Arguments::repeated_option(const std::string& names, const std::string& help,
                                const std::string& value) {
  option(names, help, value);
  state_->repeated.insert(names.substr(0, names.find(',')));
}

void Arguments::flag(const std::string& names, const std::string& help) {
  add_names(names);
  state_->options.add_options(state_->groups.back())(names, help);
}

void Arguments::add_names(const std::string& names) {
  std::istringstream in(names);
  for (std::string name; std::getline(in, name, ',');) {
    if (name.size() > 1) state_->names.push_back(name);
  }
}

std::string Arguments::help() const {
  constexpr std::size_t kUsual = 80;
  constexpr std::size_t kWidest = 100;  // longer lines are hard to read
  const auto width = std::min(columns(1, kUsual), kWidest);
  state_->options.set_width(width);
  const auto as_called = [&](std::string text, const std::string& before) {
    const auto at = text.find(before + state_->program + ' ');
    return at == std::string::npos
               ? text
               : text.replace(at + before.size(), state_->program.size(), state_->called);
  };
  auto text = wrapped(as_called(state_->options.help(state_->groups), "Usage:\n  "), width);
  text += "\nExamples:\n";
  for (const auto& example : state_->examples) {
    const bool is_piped = !example.starts_with(state_->program);
    text += command_lines(as_called(example + ' ', is_piped ? "| " : ""), width);
  }
  return text;
}

bool Arguments::parse(int argc, const char* const* argv) {
  if (argc > 0) state_->called = std::filesystem::path(argv[0]).filename().string();
  take({argv + std::min(argc, 1), argv + argc});
  if (is_set("help")) {
    write_result(help());
    return false;
  }
  if (is_set("version")) {
    write_result("minillama " MINILLAMA_VERSION "\n");
    return false;
  }
  refuse_repetition();
  return true;
}

void Arguments::read(const std::vector<std::string>& words) {
  take(words);
  refuse_repetition();
}

/// @param words without the program's name
void Arguments::take(const std::vector<std::string>& words) {
  group("Other");
  flag("quiet", "Print results, warnings and errors only");
  flag("version", "Print the version");
  flag("help,h", "Print this help");
  std::vector<std::string> arguments{state_->program};
  bool only_positional = false;
  for (const auto& word : words) {
    arguments.push_back(only_positional ? word : with_dashes(word));
    only_positional |= word == "--";
  }
  std::vector<const char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(argument.c_str());
  try {
    state_->parsed = state_->options.parse(static_cast<int>(pointers.size()), pointers.data());
  } catch (const std::exception& error) {
    const auto message = plain(error.what());
    if (message.ends_with("' does not exist")) {
      const auto begin = message.find('\'') + 1;
      throw OptionError(
          unknown_option(message.substr(begin, message.rfind('\'') - begin), state_->names));
    }
    throw OptionError(message);
  }
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
    if (!seen.insert(name).second && state_->repeated.count(name) == 0) {
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
