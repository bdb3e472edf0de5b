#include "minillama/io/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

/// Makes the rename itself survive a power cut.
void sync_directory(const std::filesystem::path& directory) {
  const auto& name = directory.empty() ? std::filesystem::path(".") : directory;
  const int descriptor = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw IoError(name, "cannot open", errno);
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  // Some file systems cannot sync a directory and say EINVAL; there is nothing more to do there.
  if (result != 0 && error != EINVAL) throw IoError(name, "cannot sync", error);
}

constexpr std::string_view kSuffix = ".tmp-";
constexpr std::size_t kDigits = 16;

/// "<name>.tmp-" and sixteen random hexadecimal digits.
std::filesystem::path temporary_name(const std::filesystem::path& path) {
  std::random_device random;
  return fmt::format("{}{}{:08x}{:08x}", path.native(), kSuffix, random(), random());
}

bool is_temporary_of(const std::string& name, const std::string& prefix) {
  return name.starts_with(prefix) && name.size() == prefix.size() + kDigits &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
}

/// Removes the temporary files for `path` that no one writes any more: a writer holds a lock on
/// his, which the system takes back when he is killed. Process numbers would not do, as containers
/// that share a directory number theirs each for itself.
void remove_stale(const std::filesystem::path& path) {
  const std::string prefix = path.filename().native() + std::string(kSuffix);
  const auto directory = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    if (!is_temporary_of(entry.path().filename().native(), prefix)) continue;
    const int descriptor = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) continue;
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
    ::close(descriptor);
  }
}

/// Whether the open file still has a name.
bool is_linked(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && status.st_nlink > 0;
}

/// Whether it is there, and a device, a pipe or a socket.
bool is_special(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  return exists(status) && !is_regular_file(status) && !is_directory(status);
}

/// The file that symbolic links stand for, which need not be there.
std::filesystem::path behind_links(std::filesystem::path path) {
  constexpr int kMostLinks = 40;  // as many as Linux follows
  std::error_code error;
  for (int i = 0; i < kMostLinks && std::filesystem::is_symlink(path, error); ++i) {
    const auto target = std::filesystem::read_symlink(path, error);
    if (error) break;
    path = path.parent_path() / target;
  }
  return path;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  if (is_special(path_)) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) throw IoError(path_, "cannot write", errno);
    return;
  }
  path_ = behind_links(std::move(path_));
  remove_stale(path_);
  // Another writer may take the file for a killed one's before it is locked: then once more.
  while (descriptor_ < 0 || !is_linked(descriptor_)) {
    if (descriptor_ >= 0) ::close(descriptor_);
    temporary_ = temporary_name(path_);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) throw IoError(path_, "cannot create", errno);
    // Where a file system has no locks, no one can lock the file in order to remove it, either.
    ::flock(descriptor_, LOCK_EX);
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(Bytes bytes) {
  constexpr std::size_t kBufferSize = std::size_t{1} << 16;
  if (buffer_.size() + bytes.size() > kBufferSize) flush();
  if (bytes.size() > kBufferSize) {
    write_now(bytes);
  } else {
    buffer_ += as_text(bytes);
  }
}

void AtomicFile::flush() {
  write_now(as_bytes(buffer_));
  buffer_.clear();
}

void AtomicFile::write_now(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw IoError(path_, "cannot write", errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  flush();
  if (temporary_.empty()) {
    ::close(std::exchange(descriptor_, -1));
    return;
  }
  if (::fsync(descriptor_) != 0) throw IoError(path_, "cannot sync", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    throw IoError(path_, "cannot replace", errno);
  }
  ::close(std::exchange(descriptor_, -1));
  sync_directory(path_.parent_path());
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void remove_file(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw IoError(path, "cannot remove", error.value());
}

void make_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw IoError(path, "cannot create", error.value());
}

}  // namespace minillama
