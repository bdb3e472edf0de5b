#include "common/completion.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/shell_word.h"

namespace minillama::app {
namespace {

std::vector<std::string> dashed(const Option& option) {
  std::vector<std::string> names;
  std::ranges::transform(option.names, std::back_inserter(names), with_dashes_before);
  return names;
}

/// Text in which each of `characters` has a backslash in front.
std::string escaped(const std::string& text, std::string_view characters) {
  std::string out;
  for (const char c : text) {
    if (characters.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// The help's first clause, since a shell shows it on the option's own line.
std::string brief(const Option& option) {
  return option.help.substr(0, option.help.find_first_of(";:("));
}

std::string bash(const OptionList& list) {
  std::vector<std::string> all;
  std::vector<std::string> with_path;
  std::vector<std::string> with_value;
  for (const auto& option : list.options) {
    const auto names = dashed(option);
    all.insert(all.end(), names.begin(), names.end());
    if (option.value.empty()) continue;
    auto& place = option.is_path() ? with_path : with_value;
    place.insert(place.end(), names.begin(), names.end());
  }
  auto function = "_minillama_" + list.program;
  std::ranges::replace(function, '-', '_');
  const auto one_case = [](const std::vector<std::string>& names, std::string_view action) {
    return names.empty() ? ""
                         : fmt::format("    {}) {}; return ;;\n", fmt::join(names, "|"), action);
  };
  return fmt::format(
      "{0}() {{\n"
      "  local word=\"${{COMP_WORDS[COMP_CWORD]}}\" before=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
      "  COMPREPLY=()\n"
      "  case \"$before\" in\n{1}{2}  esac\n"
      "  if [[ \"$word\" == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"{3}\" -- \"$word\"))\n"
      "  else\n"
      "    compopt -o default\n"
      "  fi\n"
      "}}\n"
      "complete -F {0} {4}\n",
      function, one_case(with_path, "compopt -o default"), one_case(with_value, ":"),
      fmt::join(all, " "), list.program);
}

std::string fish(const OptionList& list) {
  std::string script;
  for (const auto& option : list.options) {
    script += "complete -c " + list.program;
    for (const auto& name : option.names) {
      script += fmt::format(" -{} {}", name.size() == 1 ? "s" : "l", name);
    }
    if (!option.value.empty()) script += option.is_path() ? " -r -F" : " -x";
    script += fmt::format(" -d '{}'\n", escaped(brief(option), "\\'"));
  }
  return script;
}

std::string zsh(const OptionList& list) {
  auto script = fmt::format("#compdef {}\n_arguments -s -S", list.program);
  for (const auto& option : list.options) {
    const auto names = dashed(option);
    for (const auto& name : names) {
      // In front the names that it excludes; a name that a value may follow after "=" ends with it.
      auto spec = option.is_repeated ? "*"
                  : names.size() > 1 ? fmt::format("({})", fmt::join(names, " "))
                                     : "";
      spec += name;
      if (!option.value.empty() && name.starts_with("--")) spec += '=';
      spec += fmt::format("[{}]", escaped(brief(option), "\\[]:"));
      if (!option.value.empty()) {
        spec +=
            fmt::format(":{}:{}", escaped(option.value, "\\:"), option.is_path() ? "_files" : "");
      }
      script += " \\\n  " + shell_quoted(spec);
    }
  }
  return script + " \\\n  '*:text or file:_files'\n";
}

struct Shell {
  std::string_view name;
  std::string (*script)(const OptionList& list);
};

constexpr Shell kShells[] = {{"bash", bash}, {"fish", fish}, {"zsh", zsh}};

}  // namespace

std::vector<std::string> completed_shells() {
  std::vector<std::string> names;
  for (const auto& shell : kShells) names.emplace_back(shell.name);
  return names;
}

std::string completion(const std::string& shell, const OptionList& list) {
  return std::ranges::find(kShells, shell, &Shell::name)->script(list);
}

}  // namespace minillama::app
