#pragma once

#include <filesystem>
#include <string>

namespace minillama::app {

/// The shipped checkpoint of that name: checkpoints/<name> in a directory above the program (where
/// it was built) or share/minillama/checkpoints/<name> (where it was installed); empty if it is in
/// none of them.
std::filesystem::path find_checkpoint(const std::string& name);

/// The same; throws OptionError if there is none.
std::filesystem::path default_checkpoint(const std::string& name);

/// A file of the data sets, such as "sst/sst-train.txt": in $MINILLAMA_DATA if that is set, else in
/// data/ in a directory above the program; empty if it is in none of them.
std::filesystem::path find_data(const std::string& name);

}  // namespace minillama::app
