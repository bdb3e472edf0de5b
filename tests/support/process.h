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

/// What one of a program's standard streams is.
enum class Stream {
  file,         ///< as usual
  closed,       ///< not there at all
  full,         ///< /dev/full: no space left to write, zeros without end to read
  broken_pipe,  ///< a pipe with nobody at its other end
  piped,        ///< standard input only: its content through a pipe, which must have room for it
};
struct Streams {
  Stream in = Stream::file;
  Stream out = Stream::file;
  Stream err = Stream::file;
};

/// Runs a program to its end in `directory`, with `input` as its standard input and "NAME=value" of
/// `environment` beside this process's own.
Outcome run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                    const std::filesystem::path& directory, const std::string& input = "",
                    const Interruption& interruption = {},
                    const std::vector<std::string>& environment = {}, const Streams& streams = {});

/// The same for one of the apps, by its name.
Outcome run_app(const std::string& app, const std::vector<std::string>& arguments,
                const std::filesystem::path& directory, const std::string& input = "",
                const Interruption& interruption = {},
                const std::vector<std::string>& environment = {}, const Streams& streams = {});

/// Runs one of the apps on a terminal of that many columns, which is all of its standard streams.
/// What it shows is in `out`. At each prompt, "> ", one of `typed` is typed, and Ctrl-D behind the
/// last one. A program that is silent after five minutes is killed.
Outcome run_on_terminal(const std::string& app, const std::vector<std::string>& arguments,
                        const std::filesystem::path& directory, unsigned short columns,
                        const std::vector<std::string>& environment = {},
                        const std::vector<std::string>& typed = {});

/// `arguments` and `more`, whose options take the place of the same ones in `arguments`: no option
/// may be given twice. An option of `arguments` that `more` has is followed by its value.
std::vector<std::string> replacing(std::vector<std::string> arguments,
                                   const std::vector<std::string>& more);

/// How many lines have ended.
std::size_t lines_in(const std::string& text);

/// The lines of a text, without their ends.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace minillama::test
