#include "common/default_files.h"

#include <cstdlib>
#include <initializer_list>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama::app {
namespace fs = std::filesystem;
namespace {

/// The first <directory>/<place>/<name> that exists, over the directories above the program.
fs::path find_above_program(std::initializer_list<const char*> places, const std::string& name) {
  std::error_code error;
  auto directory = fs::read_symlink("/proc/self/exe", error).parent_path();
  while (!error && !directory.empty()) {
    for (const auto* place : places) {
      auto path = directory / place / name;
      if (fs::exists(path)) return path;
    }
    if (directory == directory.root_path()) break;
    directory = directory.parent_path();
  }
  return {};
}

}  // namespace

fs::path find_checkpoint(const std::string& name) {
  for (const std::string file : {"config.json", "adapter_config.json"}) {
    const auto path =
        find_above_program({"checkpoints", "share/minillama/checkpoints"}, name + "/" + file);
    if (!path.empty()) return path.parent_path();
  }
  return {};
}

fs::path default_checkpoint(const std::string& name) {
  auto path = find_checkpoint(name);
  if (!path.empty()) return path;
  throw OptionError(fmt::format("no checkpoints/{} found above the program: give --model", name));
}

fs::path find_data(const std::string& name) {
  const char* chosen = std::getenv("MINILLAMA_DATA");
  if (chosen == nullptr || *chosen == '\0') return find_above_program({"data"}, name);
  auto path = fs::path(chosen) / name;
  return fs::exists(path) ? path : fs::path();
}

}  // namespace minillama::app
