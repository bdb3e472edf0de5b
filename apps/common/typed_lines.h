#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "minillama/core/error.h"
#include "minillama/text/text_file.h"

namespace minillama::app {

/// Lines that are answered one by one. A person at a terminal has a prompt, can edit a line and
/// take up earlier ones, where libedit was there when the program was built; anything else gives
/// lines as they come. One at a time.
class TypedLines {
 public:
  /// @param path -: standard input. Throws like LineReader.
  explicit TypedLines(const std::filesystem::path& path);

  /// Whether a person types them, who sees what is wrong and goes on.
  bool is_person() const { return is_person_; }

  /// The next line, nothing at the end. Throws like LineReader.
  std::optional<std::string> next();

  /// `problem` with the latest line: for a file's, the error that names it.
  FileError error(const std::string& problem) const;

 private:
  std::filesystem::path path_;
  bool is_person_;
  LineReader lines_;
  std::size_t n_lines_ = 0;
};

}  // namespace minillama::app
