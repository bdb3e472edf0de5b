#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace minillama {

/// Something that was given to the library cannot be used: an option, a file, a line of a file.
///
/// what() is one line that names the place and the value. Whatever else leaves the library as an
/// exception is a bug. The subclasses tell who can mend it; the apps turn them into exit codes.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An option or argument has a value that cannot be used. Apps exit with 2.
class OptionError : public InputError {
 public:
  using InputError::InputError;
};

/// A file is missing or its content is not what it should be. Apps exit with 3.
class FileError : public InputError {
 public:
  /// what() is "<path>: <problem>".
  FileError(const std::filesystem::path& path, std::string_view problem);
  /// what() is "<path>:<line>: <problem>"; lines count from 1.
  FileError(const std::filesystem::path& path, std::size_t line, std::string_view problem);
};

/// The system refused to read or write (disk full, no permission, …). Apps exit with 4.
class IoError : public InputError {
 public:
  /// what() is "<path>: <action>: <strerror(error_number)>".
  IoError(const std::filesystem::path& path, std::string_view action, int error_number);
};

/// Training came to a number that is not finite. Apps exit with 5.
class DivergedError : public InputError {
 public:
  using InputError::InputError;
};

/// Untrusted text made fit for one line of an error message: control characters and invalid UTF-8
/// are escaped as `\xNN`.
std::string printable(std::string_view text);

/// The same, in quotes and cut after `max_bytes` bytes.
std::string quote(std::string_view text, std::size_t max_bytes = 80);

}  // namespace minillama
