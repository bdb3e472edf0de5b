#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "minillama/io/mapped_file.h"

namespace minillama {

// How text comes in, whoever reads it: prompts, sentences, data sets, what is trained on. A path
// may be a regular file, a pipe or a device; "-" is standard input, which errors call by that name.
//
// A byte order mark at the start is no part of the text, and a line ends with "\n", "\r\n" or "\r".
// What is not UTF-8 or holds a NUL byte is no text.

/// Takes the first line off `rest` and returns it without its end. A line end behind the last line
/// begins no other.
std::string_view take_line(std::string_view& rest);

/// What keeps a line from being text, as "not UTF-8 at byte 9 of the line: …"; empty if nothing.
std::string problem_of_line(std::string_view line);

/// Whether `line` has nothing but white space in it.
bool is_blank(std::string_view line);

/// Whether what `path` has to give comes bit by bit, and once: from a pipe, a terminal or a device.
bool is_stream(const std::filesystem::path& path);

/// All of a text. A regular file is mapped into memory, anything else read to its end.
class TextFile {
 public:
  /// Throws FileError if there is no such file, it is empty (a pipe may be), or it is UTF-16; for
  /// what is no regular file also if it holds a NUL byte, since a device may have no end. IoError.
  explicit TextFile(const std::filesystem::path& path);
  /// What another than this class read from `path`, as from a compressed file. Throws FileError if
  /// it is UTF-16.
  TextFile(std::filesystem::path path, std::string content);

  const std::filesystem::path& path() const { return path_; }
  /// Whether it is a file that others can open by its path; else it is used up.
  bool is_mapped() const { return mapped_.has_value(); }
  Bytes bytes() const { return mapped_ ? mapped_->bytes() : as_bytes(read_); }
  /// What is there without a byte order mark; not checked.
  std::string_view text() const;
  /// Throws FileError naming the first line that is no text.
  void check() const;
  /// The same text with "\n" as line ends; checked.
  std::string normalized() const;

 private:
  std::filesystem::path path_;
  std::optional<MappedFile> mapped_;
  std::string read_;
};

/// The lines of a text as they come, for one who waits for the answer before writing the next.
class LineReader {
 public:
  /// Throws FileError if there is no such file, IoError if it cannot be opened.
  explicit LineReader(const std::filesystem::path& path);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The next line without its end, nothing if there is none. Throws FileError naming the line if
  /// it is no text or has more than 256 MiB, IoError.
  std::optional<std::string> next();

 private:
  bool fill();

  std::filesystem::path path_;
  int descriptor_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what is not used yet in buffer_
  std::size_t n_lines_ = 0;
  bool skips_newline_ = false;  // the last line ended with "\r"
};

}  // namespace minillama
