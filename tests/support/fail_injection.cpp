// A library to be preloaded (LD_PRELOAD) into a program under test: it makes the Nth system call
// that changes files fail, or kills the process there. Only calls on files under
// MINILLAMA_FAIL_UNDER count: creating one, write, fsync, rename.
//
//   MINILLAMA_FAIL_AT=3 MINILLAMA_FAIL_HOW=kill|error

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

bool is_watched(const char* path) {
  const char* prefix = std::getenv("MINILLAMA_FAIL_UNDER");
  return prefix != nullptr && std::strncmp(path, prefix, std::strlen(prefix)) == 0;
}

bool is_watched(int descriptor) {
  char path[PATH_MAX] = {};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  return ::readlink(link.c_str(), path, sizeof(path) - 1) > 0 && is_watched(path);
}

/// Counts a call; true if it is to fail with `error`.
bool fails(int error) {
  static std::atomic<int> calls{0};
  const char* at = std::getenv("MINILLAMA_FAIL_AT");
  if (at == nullptr || ++calls != std::atoi(at)) return false;
  const char* how = std::getenv("MINILLAMA_FAIL_HOW");
  if (how != nullptr && std::strcmp(how, "kill") == 0) ::kill(::getpid(), SIGKILL);
  errno = error;
  return true;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
    if (is_watched(path) && fails(ENOSPC)) return -1;
  }
  return next<int (*)(const char*, int, ...)>("open")(path, flags, mode);
}

ssize_t write(int descriptor, const void* data, size_t size) {
  if (is_watched(descriptor) && fails(ENOSPC)) return -1;
  return next<ssize_t (*)(int, const void*, size_t)>("write")(descriptor, data, size);
}

int fsync(int descriptor) {
  if (is_watched(descriptor) && fails(EIO)) return -1;
  return next<int (*)(int)>("fsync")(descriptor);
}

int rename(const char* from, const char* to) {
  if (is_watched(to) && fails(EACCES)) return -1;
  return next<int (*)(const char*, const char*)>("rename")(from, to);
}

int remove(const char* path) {
  if (is_watched(path) && fails(EACCES)) return -1;
  return next<int (*)(const char*)>("remove")(path);
}
}
