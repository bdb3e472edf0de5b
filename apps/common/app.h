#pragma once

#include <functional>

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

/// Runs `body` and turns what it throws into one line on stderr, "<program>: error: …", and an exit
/// code: 128 + N if a signal N ended the work (common/interrupts.h). A result that could not be
/// written is an I/O error, but for a broken pipe, which ends with 141 and without a word
/// (common/output.h).
int run(const char* program, const std::function<void()>& body);

}  // namespace minillama::app
