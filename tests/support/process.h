#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace minillama::test {

/// What a finished program left.
struct Outcome {
  int exit_code = -1;  ///< 128 + signal if it was killed
  std::string out;
  std::string err;
  double cpu_seconds = 0;      ///< of user and system
  std::size_t peak_bytes = 0;  ///< of resident memory
};

/// Runs a program to its end in `directory`, with `input` as its standard input and "NAME=value" of
/// `environment` beside this process's own.
Outcome run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                    const std::filesystem::path& directory, const std::string& input = "",
                    const std::vector<std::string>& environment = {});

}  // namespace minillama::test
