#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace minillama::app {

/// How every app ends.
enum ExitCode : int {
  kDone = 0,
  kInternal = 1,  ///< a bug of ours
  kUsage = 2,     ///< an option or argument cannot be used
  kBadFile = 3,   ///< a file is missing or its content is wrong
  kIo = 4,        ///< the system refused to read or write
  kDiverged = 5,  ///< training came to a number that is not finite
};

/// Of the project, such as "0.2.0".
std::string version();

/// The name of another of the apps, as a user would call it who called this one `argv0`: installed,
/// they are "minillama-generate" and so on.
std::string app_beside(std::string_view argv0, std::string_view app);

/// Runs `body` and turns what it throws into one line on stderr, "<program>: error: …" with the
/// file's name that `argv0` ends with, and an exit code: 128 + N if a signal N ended the work
/// (common/interrupts.h). A result that could not be written is an I/O error, but for a broken
/// pipe, which ends with 141 and without a word (common/output.h).
int run(const char* argv0, const std::function<void()>& body);

}  // namespace minillama::app
