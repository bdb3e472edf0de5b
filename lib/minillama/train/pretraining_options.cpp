#include "minillama/train/pretraining_options.h"

#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/require.h"

namespace minillama {

void PretrainingOptions::validate() const {
  require(window >= 1, "window", window, "be at least 1");
  constexpr std::int64_t kMost = 1'000'000'000;  // so that their product can be computed
  for (const auto& [field, value] :
       {std::pair{"batch-size", batch_size}, std::pair{"accumulate", accumulate}}) {
    require(value >= 1 && value <= kMost, field, value, fmt::format("lie in [1, {}]", kMost));
  }
  require(std::isfinite(epochs) && epochs > 0, "epochs", epochs, "be positive");
  require(steps >= 0, "steps", steps, "not be negative");
  require(record_every >= 1, "record-every", record_every, "be at least 1");
  require(evaluate_every >= 1, "evaluate-every", evaluate_every, "be at least 1");
  require(valid_windows >= 0, "valid-windows", valid_windows, "not be negative");
  require(save_every_seconds >= 0, "save-every", save_every_seconds, "not be negative");
}

}  // namespace minillama
