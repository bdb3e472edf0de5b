#include "common/app.h"

#include <climits>
#include <csignal>
#include <filesystem>
#include <string>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "minillama/core/error.h"

#include "common/interrupts.h"
#include "common/output.h"

namespace minillama::app {
namespace {

int fail(const std::string& program, ExitCode code, const std::string& message) {
  // LibTorch's messages carry a stack trace on further lines.
  note("{}: error: {}\n", program, message.substr(0, message.find('\n')));
  return code;
}

/// Has freed memory stay with the process. glibc gives a large tensor's pages back to the system at
/// once, and the next one waits while they are handed out and cleared again: a twentieth of the
/// time of training (docs/performance.md). Process-wide, so for apps to do and not for the library.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that every version takes
#endif
}

}  // namespace

std::string version() {
  return MINILLAMA_VERSION;
}

std::string app_beside(std::string_view argv0, std::string_view app) {
  constexpr std::string_view kPrefix = "minillama-";
  const auto name = std::filesystem::path(argv0).filename().string();
  return name.starts_with(kPrefix) ? std::string(kPrefix).append(app) : std::string(app);
}

int run(const char* argv0, const std::function<void()>& body) {
  const auto program = std::filesystem::path(argv0).filename().string();
  prepare_standard_streams();
  end_on_signals(program.c_str());
  keep_freed_memory();
  try {
    body();
    return kDone;
  } catch (const BrokenPipe&) {
    return 128 + SIGPIPE;
  } catch (const OptionError& error) {
    return fail(program, kUsage, error.what());
  } catch (const IoError& error) {
    return fail(program, kIo, error.what());
  } catch (const DivergedError& error) {
    return fail(program, kDiverged, error.what());
  } catch (const InputError& error) {
    return fail(program, kBadFile, error.what());
  } catch (const Interrupted& interrupted) {
    return 128 + interrupted.signal;
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(program, kIo, error.what());
  } catch (const std::bad_alloc&) {
    return fail(program, kIo, "out of memory");
  } catch (const std::exception& error) {
    return fail(program, kInternal, error.what());
  }
}

}  // namespace minillama::app
