#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace minillama::app {

// What is asked before work begins, so that none is done in vain.

/// Whether a file can be written at `path`, which the option `flag` gave. Throws OptionError if it
/// is a directory or one of the files `inputs`, IoError if its directory is missing or not
/// writable.
void check_output_file(const std::string& flag, const std::filesystem::path& path,
                       const std::vector<std::filesystem::path>& inputs);

/// Whether a directory can be made or written to at `path`. Throws OptionError if it is a file or
/// the directory `input`, IoError if it cannot.
void check_output_directory(const std::string& flag, const std::filesystem::path& path,
                            const std::filesystem::path& input);

/// Throws OptionError if the directory holds a model or a run, which would be lost.
void refuse_earlier_run(const std::filesystem::path& directory);

}  // namespace minillama::app
