#include "minillama/train/run_state.h"

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

void require_same_settings(const Json& now, const Json& started,
                           const std::filesystem::path& path) {
  for (const auto& [name, value] : now.items()) {
    if (!started.contains(name)) {
      throw FileError(path,
                      fmt::format("does not say with which {} it was started: it is of another "
                                  "version of this program",
                                  name));
    }
    const Json& before = started.at(name);
    if (before == value) continue;
    throw OptionError(fmt::format("the run in {} was started with another {}: {}, now {}",
                                  quote(path.native(), 400), name, printable(before.dump()),
                                  printable(value.dump())));
  }
}

void require_finite(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.isfinite().all().item<bool>()) {
      throw DivergedError(fmt::format("{} has values that are not finite", name));
    }
  }
}

}  // namespace minillama
