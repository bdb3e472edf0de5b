#pragma once

#include <string>
#include <vector>

#include "support/files.h"

namespace minillama::test {

/// A bad file, and what an app is to say of it.
struct BadInput {
  std::string name;
  std::string content;       ///< of the file "x"
  std::string message = "";  ///< a part of the error
};

/// Expects the app to refuse what lies in `directory`: exit code 3, one line on stderr with
/// `message`, nothing on stdout, nothing created; in a release build also in little time and
/// memory.
void check_bad_file(const std::string& name, const std::string& app,
                    const std::vector<std::string>& arguments, const std::string& message,
                    const TemporaryDirectory& directory);

/// The same of each, as the file "x" of a new directory.
void check_bad_files(const std::vector<BadInput>& inputs, const std::string& app,
                     const std::vector<std::string>& arguments);

/// A file of tests/reference.
std::string reference(const std::string& name);

/// `text` with the first occurrence of `part` replaced.
std::string replaced(std::string text, const std::string& part, const std::string& by);

}  // namespace minillama::test
