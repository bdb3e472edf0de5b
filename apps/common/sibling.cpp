#include "common/sibling.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "minillama/core/error.h"

#include "common/blas.h"

namespace minillama::app {

void become_sibling(const std::string& name, char** argv) {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& directory : {here, here.parent_path() / "libexec/minillama"}) {
    const auto path = directory / name;
    if (!std::filesystem::exists(path, error)) continue;
    prepare_blas();
    ::execv(path.c_str(), argv);
    throw IoError(path, "cannot run", errno);
  }
  throw OptionError(
      fmt::format("the program {}, which does this with LibTorch, is not beside this one: it was "
                  "built without",
                  name));
}

}  // namespace minillama::app
