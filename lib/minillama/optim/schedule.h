#pragma once

#include <cstdint>
#include <string_view>

namespace minillama {

/// What follows the warm-up.
enum class ScheduleShape {
  constant,   ///< 1
  linear,     ///< 1 - (1 - floor) x
  cosine,     ///< floor + (1 - floor) (1 + cos(pi x)) / 2; Loshchilov and Hutter 2017
  trapezoid,  ///< 1, then linear to the floor over the last cooldown_steps. Until the cooldown
              ///< begins nothing depends on the end, so a run may be prolonged and cooled down when
              ///< it suits; Hägele et al. 2024, https://arxiv.org/abs/2405.18392
};

/// "constant", "linear", "cosine" or "trapezoid".
std::string_view to_string(ScheduleShape shape);
/// Throws OptionError unless `text` is one of these names.
ScheduleShape schedule_named(std::string_view text);

/// A learning rate that changes with the step.
struct ScheduleOptions {
  ScheduleShape shape = ScheduleShape::constant;
  std::int64_t warmup_steps = 0;    ///< W, steps before the full rate is reached
  std::int64_t total_steps = 0;     ///< N, steps until the floor is reached; constant ignores it
  std::int64_t cooldown_steps = 0;  ///< C, of the trapezoid
  double floor = 0.0;               ///< the factor at the end, in [0, 1]; constant ignores it
};

/// What the base learning rate is multiplied with in step `step`, counted from 0:
///
///     (step + 1) / (W + 1)   for step < W: never 0, and 1 at step W
///     the shape's formula    with x = min(1, (step - W) / (N - W)) from there on
///
/// A pure function, so a run that resumes needs to know nothing but its step. Throws OptionError
/// naming the field and the value unless W >= 0, N > W (all but constant), 0 <= C <= N - W
/// (trapezoid), 0 <= floor <= 1 and step >= 0. https://arxiv.org/abs/1608.03983
double learning_rate_factor(const ScheduleOptions& options, std::int64_t step);

}  // namespace minillama
