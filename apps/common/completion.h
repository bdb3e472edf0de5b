#pragma once

#include <string>
#include <vector>

#include "common/option_list.h"

namespace minillama::app {

/// The shells that completion() knows: bash, fish, zsh.
std::vector<std::string> completed_shells();

/// A script for `shell`, one of those, that completes the program's options, and files where an
/// option takes one and where the command line takes other words.
std::string completion(const std::string& shell, const OptionList& list);

}  // namespace minillama::app
