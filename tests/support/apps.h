#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "support/process.h"

namespace minillama::test {

/// Runs an app of this build. `environment` has "NAME=value" beside the test's own.
inline Outcome run_app(const std::string& app, const std::vector<std::string>& arguments,
                       const std::filesystem::path& directory, const std::string& input = "",
                       const std::vector<std::string>& environment = {}) {
  return run_program(std::filesystem::path(MINILLAMA_BIN_DIR) / app, arguments, directory, input,
                     environment);
}

inline std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace minillama::test
