#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/arguments.h"

namespace minillama::app {

/// A command line's options as a file that can be edited and given back: an object of JSON, each
/// option under its name without dashes, with a text or number, true for one without value, and a
/// list for one that is given several times. What is false or null is not given.

/// The options of the file `path` as words of a command line. Throws FileError if it is no such
/// object.
std::vector<std::string> read_settings(const std::filesystem::path& path);

/// Writes what was given to the file settings.json of a run's folder: all but what says where
/// results go and what a single start does. Throws IoError.
void write_settings(const std::filesystem::path& directory, const Arguments& arguments);

/// Whether an option is a setting: not one that prints something else about the program or names
/// another file of settings.
bool is_setting(const std::string& name);

}  // namespace minillama::app
