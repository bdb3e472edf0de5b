#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace minillama::app {

/// An option as it was declared.
struct Option {
  std::string group;               ///< under whose title --help shows it
  std::vector<std::string> names;  ///< without dashes; of one letter or longer
  std::string help;
  std::string value;  ///< what the value is called, such as "PATH"; "": it takes none
  std::optional<std::string> default_value = {};
  bool is_repeated = false;  ///< may be given several times

  bool is_path() const { return value == "PATH" || value == "DIR" || value == "JSON|PATH"; }
};

/// "-m", "--model"
inline std::string with_dashes_before(const std::string& name) {
  return (name.size() == 1 ? "-" : "--") + name;
}

/// What a program's command line takes.
struct OptionList {
  std::string program;
  std::string summary;
  std::string usage;  ///< what follows the program's name
  std::vector<std::string> examples;
  std::vector<Option> options;

  /// The option of that name, which there is.
  const Option& named(const std::string& name) const {
    return *std::ranges::find_if(options, [&](const Option& option) {
      return std::ranges::find(option.names, name) != option.names.end();
    });
  }
};

}  // namespace minillama::app
