#include "minillama/io/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

DirectoryLock::DirectoryLock(const std::filesystem::path& directory) {
  const auto path = directory / ".lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw IoError(path, "cannot create", errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  throw OptionError(fmt::format("{} is in use by another program, which trains there",
                                quote(directory.native(), 400)));
}

DirectoryLock::~DirectoryLock() {
  ::close(descriptor_);
}

}  // namespace minillama
