#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/arguments.h"

namespace minillama::app {

/// What an option goes with. A condition is the name of an option, which must be given, or
/// "name=value|value", which must have one of these values, given or by default.
struct OptionRule {
  std::string option;
  std::vector<std::string> needs = {};     ///< at least one of these
  std::vector<std::string> excludes = {};  ///< none of these
  std::string reason = {};                 ///< why they are excluded, where that is not plain
};

/// Throws OptionError naming both if an option was given that cannot take effect beside the others.
void check_options(const Arguments& arguments, std::span<const OptionRule> rules);

}  // namespace minillama::app
