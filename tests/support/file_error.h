#pragma once

#include <string>

#include "minillama/core/error.h"

namespace minillama::test {

/// What the FileError says that `read` throws; "accepted" if it throws none.
template <typename Read>
std::string file_error(const Read& read) {
  try {
    read();
  } catch (const FileError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace minillama::test
