#include "minillama/train/not_finite.h"

#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

void require_finite(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.isfinite().all().item<bool>()) {
      throw DivergedError(fmt::format("{} has values that are not finite", name));
    }
  }
}

void require_finite(std::string_view name, double value, std::int64_t step) {
  if (std::isfinite(value)) return;
  // The sign of what is no number says nothing.
  throw DivergedError(fmt::format("{} became {} in step {}", name,
                                  std::isnan(value) ? std::abs(value) : value, step));
}

}  // namespace minillama
