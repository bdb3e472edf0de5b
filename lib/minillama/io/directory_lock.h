#pragma once

#include <filesystem>

namespace minillama {

/// Holds a directory for one program: two that train into the same one would overwrite each other's
/// checkpoints.
///
/// The lock is an flock() on the file ".lock" in it. It ends with this object and with the process
/// that holds it, however that dies; the file stays. On file systems without flock() nothing is
/// locked.
class DirectoryLock {
 public:
  /// Throws OptionError if another program (or another object of this one) holds `directory`,
  /// IoError if the file cannot be made.
  explicit DirectoryLock(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace minillama
