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
};

/// Runs a program to its end in `directory`, with `input` as its standard input.
Outcome run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                    const std::filesystem::path& directory, const std::string& input = "");

}  // namespace minillama::test
