#include "minillama/optim/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/core/require.h"

namespace minillama {
namespace {

/// In the order of ScheduleShape.
constexpr std::array<std::string_view, 4> kNames{"constant", "linear", "cosine", "trapezoid"};

}  // namespace

std::string_view to_string(ScheduleShape shape) {
  return kNames.at(static_cast<std::size_t>(shape));
}

ScheduleShape schedule_named(std::string_view text) {
  const auto found = std::ranges::find(kNames, text);
  if (found == kNames.end()) {
    throw OptionError(
        fmt::format("schedule is {}, must be one of {}", quote(text), fmt::join(kNames, ", ")));
  }
  return static_cast<ScheduleShape>(found - kNames.begin());
}

double learning_rate_factor(const ScheduleOptions& options, std::int64_t step) {
  const std::int64_t warmup = options.warmup_steps;
  require(step >= 0, "schedule: step", step, "not be negative");
  require(warmup >= 0, "schedule: warmup_steps", warmup, "not be negative");
  if (options.shape != ScheduleShape::constant) {
    require(options.total_steps > warmup, "schedule: total_steps", options.total_steps,
            fmt::format("be more than warmup_steps, {}", warmup));
    require(options.floor >= 0 && options.floor <= 1, "schedule: floor", options.floor,
            "lie in [0, 1]");
  }

  if (options.shape == ScheduleShape::trapezoid) {
    require(options.cooldown_steps >= 0 && options.cooldown_steps <= options.total_steps - warmup,
            "schedule: cooldown_steps", options.cooldown_steps,
            fmt::format("lie between 0 and the {} steps behind the warm-up",
                        options.total_steps - warmup));
  }

  if (step < warmup) return (static_cast<double>(step) + 1) / (static_cast<double>(warmup) + 1);
  if (options.shape == ScheduleShape::constant) return 1;
  const bool trapezoid = options.shape == ScheduleShape::trapezoid;
  const std::int64_t begin = trapezoid ? options.total_steps - options.cooldown_steps : warmup;
  if (step < begin) return 1;
  const double x =
      step >= options.total_steps
          ? 1
          : static_cast<double>(step - begin) / static_cast<double>(options.total_steps - begin);
  const double above_floor =
      options.shape == ScheduleShape::cosine ? (1 + std::cos(std::numbers::pi * x)) / 2 : 1 - x;
  return options.floor + (1 - options.floor) * above_floor;
}

}  // namespace minillama
