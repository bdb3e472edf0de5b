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
  double cpu_seconds = 0;      ///< of user and system
  std::size_t peak_bytes = 0;  ///< of resident memory
};

/// A signal that a program gets some time after its start, unless it has ended by then.
struct Interruption {
  int signal = 0;  ///< 0: none
  std::chrono::milliseconds after{};
};

/// Runs a program to its end in `directory`, with `input` as its standard input and "NAME=value" of
/// `environment` beside this process's own.
Outcome run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                    const std::filesystem::path& directory, const std::string& input = "",
                    const Interruption& interruption = {},
                    const std::vector<std::string>& environment = {});

/// The same for one of the apps, by its name.
Outcome run_app(const std::string& app, const std::vector<std::string>& arguments,
                const std::filesystem::path& directory, const std::string& input = "",
                const Interruption& interruption = {},
                const std::vector<std::string>& environment = {});

/// How many lines have ended.
std::size_t lines_in(const std::string& text);

}  // namespace minillama::test
