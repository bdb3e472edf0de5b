#pragma once

#include <chrono>
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

/// A signal that a program gets some time after its start, unless it has ended by then.
struct Interruption {
  int signal = 0;  ///< 0: none
  std::chrono::milliseconds after{};
};

/// Runs a program to its end in `directory`, with `input` as its standard input.
Outcome run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                    const std::filesystem::path& directory, const std::string& input = "",
                    const Interruption& interruption = {});

/// The same for one of the apps, by its name.
Outcome run_app(const std::string& app, const std::vector<std::string>& arguments,
                const std::filesystem::path& directory, const std::string& input = "",
                const Interruption& interruption = {});

}  // namespace minillama::test
