#include "minillama/train/run_state.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/crc32.h"

namespace minillama {

namespace {

/// As a user would write it: 16.0 is what was given as 16.
std::string text_of(const Json& value) {
  return value.is_number_float() ? fmt::format("{:g}", value.get<double>())
                                 : printable(value.dump());
}

}  // namespace

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
                                  quote(path.native(), 400), name, text_of(before),
                                  text_of(value)));
  }
}

std::uint32_t checksum(const NamedTensors& tensors) {
  std::uint32_t sum = 0;
  for (const auto& [unused, tensor] : tensors) {
    const auto values = tensor.detach().cpu().contiguous();
    sum = sum * 31 + crc32({static_cast<const std::byte*>(values.data_ptr()), values.nbytes()});
  }
  return sum;
}

void require_finite(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.isfinite().all().item<bool>()) {
      throw DivergedError(fmt::format("{} has values that are not finite", name));
    }
  }
}

}  // namespace minillama
