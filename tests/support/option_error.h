#pragma once

#include <string>

#include "minillama/core/error.h"

namespace minillama::test {

/// What the OptionError says that `call` throws, which must be one line; "accepted" if it throws
/// none. Any other exception fails the test.
template <typename Call>
std::string option_error(const Call& call) {
  try {
    call();
  } catch (const OptionError& error) {
    const std::string what = error.what();
    return what.find('\n') == std::string::npos ? what : "more than one line: " + what;
  }
  return "accepted";
}

}  // namespace minillama::test
