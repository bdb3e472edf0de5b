#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "minillama/io/atomic_file.h"
#include "minillama/io/bytes.h"

namespace minillama {

/// Writes a zip archive of stored entries, each with its bytes at a multiple of 64, as PyTorch's
/// own writer lays them out. Without zip64: an archive of 4 GiB is refused.
class ZipWriter {
 public:
  /// Writes to `file`, which must outlive the writer; `path` is for error messages.
  ZipWriter(AtomicFile& file, std::filesystem::path path) : file_(file), path_(std::move(path)) {}

  /// Appends an entry. Throws FileError if the archive grows beyond 4 GiB, IoError if it cannot be
  /// written.
  void add(std::string_view name, Bytes content);

  /// Writes the central directory. Nothing may be added any more.
  void finish();

 private:
  void write(std::string_view text);

  AtomicFile& file_;
  std::filesystem::path path_;
  std::uint64_t offset_ = 0;
  std::uint16_t n_entries_ = 0;
  std::string directory_;
};

}  // namespace minillama
