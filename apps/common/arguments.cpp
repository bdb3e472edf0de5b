#include "common/arguments.h"

#include <algorithm>
#include <charconv>
#include <iostream>

#include <cxxopts.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

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

}  // namespace

struct Arguments::State {
  cxxopts::Options options;
  std::vector<std::string> examples;
  std::vector<std::string> groups;
  cxxopts::ParseResult parsed;
};

Arguments::Arguments(std::string program, std::string summary, std::string usage,
                     std::vector<std::string> examples)
    : state_(new State{.options = cxxopts::Options(std::move(program), std::move(summary)),
                       .examples = std::move(examples)}) {
  state_->options.custom_help(std::move(usage)).set_width(100);
}

Arguments::~Arguments() = default;
Arguments::Arguments(Arguments&&) noexcept = default;

void Arguments::group(const std::string& title) {
  state_->groups.push_back(title);
}

void Arguments::option(const std::string& names, const std::string& help, const std::string& value,
                       const std::optional<std::string>& default_value) {
  auto type = cxxopts::value<std::string>();
  if (default_value) type->default_value(*default_value);
  state_->options.add_options(state_->groups.back())(names, help, type, value);
}

void Arguments::flag(const std::string& names, const std::string& help) {
  state_->options.add_options(state_->groups.back())(names, help);
}

bool Arguments::parse(int argc, const char* const* argv) {
  group("Other");
  flag("quiet", "Print results and errors only");
  flag("version", "Print the version");
  flag("help,h", "Print this help");
  std::vector<std::string> arguments;
  bool only_positional = false;
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    arguments.push_back(only_positional ? argument : with_dashes(argument));
    only_positional |= argument == "--";
  }
  std::vector<const char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(argument.c_str());
  try {
    state_->parsed = state_->options.parse(static_cast<int>(pointers.size()), pointers.data());
  } catch (const std::exception& error) {
    throw OptionError(plain(error.what()));
  }

  if (is_set("help")) {
    std::cout << state_->options.help(state_->groups) << "\nExamples:\n";
    for (const auto& example : state_->examples) std::cout << "  " << example << '\n';
    return false;
  }
  if (is_set("version")) {
    std::cout << "minillama " MINILLAMA_VERSION "\n";
    return false;
  }
  return true;
}

bool Arguments::given(const std::string& name) const {
  return state_->parsed.count(name) > 0;
}

bool Arguments::is_set(const std::string& name) const {
  return given(name);
}

std::string Arguments::text(const std::string& name) const {
  const auto& value = state_->parsed[name];
  return given(name) || value.has_default() ? value.as<std::string>() : "";
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
