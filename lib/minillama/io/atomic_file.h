#pragma once

#include <filesystem>
#include <string>

#include "minillama/io/bytes.h"

namespace minillama {

/// Writes a file so that at every moment either the old content or the whole new content is there:
/// a temporary file beside it is written, synced and renamed by commit(). Destruction without
/// commit() removes the temporary file and leaves the old content alone. A device or a pipe has no
/// old content and must not be replaced: it is written to directly. Of a symbolic link, the file
/// that it names is written.
class AtomicFile {
 public:
  /// Creates a temporary file, "<path>.tmp-" and random digits, and removes those that writers of
  /// `path` left who were killed. Several threads and processes, also of other containers, may
  /// write the same path at the same time: the last commit() stays. Throws IoError.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends; small pieces are collected first. Throws IoError.
  void write(Bytes bytes);
  void write(std::string_view text) { write(as_bytes(text)); }

  /// Writes what was collected, syncs, renames, syncs the directory. Throws IoError; then the old
  /// content is still there.
  void commit();

 private:
  void flush();
  void write_now(Bytes bytes);

  std::filesystem::path path_;
  std::filesystem::path temporary_;  // empty if path_ is written to directly
  int descriptor_ = -1;
  std::string buffer_;
};

/// Writes `content` to `path` through an AtomicFile.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Removes a file if it is there. Throws IoError.
void remove_file(const std::filesystem::path& path);

/// Creates a directory and those above it, as far as they are not there. Throws IoError.
void make_directory(const std::filesystem::path& path);

}  // namespace minillama
