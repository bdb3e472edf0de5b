#include "common/default_checkpoint.h"

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama::app {
namespace fs = std::filesystem;

fs::path default_checkpoint(const std::string& name) {
  std::error_code error;
  auto directory = fs::read_symlink("/proc/self/exe", error).parent_path();
  while (!error && !directory.empty()) {
    for (const auto* place : {"checkpoints", "share/minillama/checkpoints"}) {
      const auto path = directory / place / name;
      if (fs::exists(path / "config.json")) return path;
    }
    if (directory == directory.root_path()) break;
    directory = directory.parent_path();
  }
  throw OptionError(fmt::format("no checkpoints/{} found above the program: give --model", name));
}

}  // namespace minillama::app
