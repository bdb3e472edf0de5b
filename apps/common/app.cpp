#include "common/app.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "minillama/core/error.h"

#include "common/interrupts.h"

namespace minillama::app {
namespace {

int fail(const char* program, ExitCode code, const std::string& message) {
  // LibTorch's messages carry a stack trace on further lines.
  fmt::print(stderr, "{}: error: {}\n", program, message.substr(0, message.find('\n')));
  return code;
}

}  // namespace

int run(const char* program, const std::function<void()>& body) {
  try {
    body();
    errno = 0;
    std::cout.flush();
    if (!std::cout) throw IoError("standard output", "cannot write", errno == 0 ? EIO : errno);
    return kDone;
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
