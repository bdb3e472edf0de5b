#pragma once

#include <filesystem>
#include <string>

namespace minillama::app {

/// The shipped checkpoint of that name: checkpoints/<name> in a directory above the program (where
/// it was built) or share/minillama/checkpoints/<name> (where it was installed). Throws OptionError
/// if it is in none of them.
std::filesystem::path default_checkpoint(const std::string& name);

}  // namespace minillama::app
