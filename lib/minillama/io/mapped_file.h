#pragma once

#include <filesystem>
#include <utility>

#include "minillama/io/bytes.h"

namespace minillama {

/// A regular file, mapped into memory for as long as this object lives. Whoever takes the bytes for
/// its own and writes to them changes its memory, never the file.
///
/// Nothing is read before it is looked at, so opening a large checkpoint is cheap. The file must
/// not be cut short while it is mapped (minillama itself replaces files and never rewrites one).
class MappedFile {
 public:
  /// Throws FileError if `path` does not exist, is no regular file, or is empty; IoError if the
  /// system refuses to open or map it.
  explicit MappedFile(std::filesystem::path path);
  ~MappedFile();

  MappedFile(MappedFile&& other) noexcept
      : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  const std::filesystem::path& path() const { return path_; }
  Bytes bytes() const { return bytes_; }

  /// Gives the memory that a part of some MappedFile takes back to the system, as far as whole
  /// pages reach. Whoever reads the bytes again reads what is in the file. Of other memory, only
  /// what nobody will read again may be given back.
  static void release(Bytes part);

 private:
  std::filesystem::path path_;
  Bytes bytes_;
};

}  // namespace minillama
