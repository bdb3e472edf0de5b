#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/arguments.h"

namespace minillama::app {

/// Options about how tokens are chosen that can be changed while a program runs: those that were
/// given at its start, and what was said since.
class InteractiveSettings {
 public:
  explicit InteractiveSettings(const Arguments& given);

  /// Gives an option a value; of one that may be given several times, one more. Without a value it
  /// is as if it had never been given. Throws OptionError, and changes nothing, if there is no such
  /// option, the value is none for it, or it does not go with the others.
  void set(const std::string& name, const std::string& value);

  /// As if all of it had been given at the start.
  Arguments arguments() const;

 private:
  std::map<std::string, std::vector<std::string>> values_;  // of each option
};

}  // namespace minillama::app
