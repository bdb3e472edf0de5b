#include "minillama/optim/schedule.h"

#include <cmath>

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("schedule: without options the factor is 1") {
  for (const std::int64_t step : {0, 1, 1000}) CHECK(learning_rate_factor({}, step) == 1);
}

TEST_CASE("schedule: warm-up rises by equal parts and ends where the shape begins") {
  for (const auto shape : {ScheduleShape::constant, ScheduleShape::linear, ScheduleShape::cosine}) {
    const ScheduleOptions options{.shape = shape, .warmup_steps = 4, .total_steps = 10};
    for (int step = 0; step < 4; ++step) {
      CHECK(learning_rate_factor(options, step) == Approx((step + 1) / 5.0));
    }
    CHECK(learning_rate_factor(options, 4) == 1);
  }
}

TEST_CASE("schedule: linear and cosine fall to the floor and stay there") {
  ScheduleOptions options{
      .shape = ScheduleShape::linear, .warmup_steps = 2, .total_steps = 10, .floor = 0.2};
  CHECK(learning_rate_factor(options, 4) == Approx(0.8));
  CHECK(learning_rate_factor(options, 6) == Approx(0.6));
  CHECK(learning_rate_factor(options, 9) == Approx(0.3));
  for (const std::int64_t step : {10, 11, 1000}) {
    CHECK(learning_rate_factor(options, step) == Approx(0.2));
  }
  options.shape = ScheduleShape::cosine;
  CHECK(learning_rate_factor(options, 4) == Approx(0.2 + 0.8 * (1 + std::sqrt(0.5)) / 2));
  CHECK(learning_rate_factor(options, 6) == Approx(0.6));
  CHECK(learning_rate_factor(options, 8) == Approx(0.2 + 0.8 * (1 - std::sqrt(0.5)) / 2));
  for (const std::int64_t step : {10, 11, 1000}) {
    CHECK(learning_rate_factor(options, step) == Approx(0.2));
  }
}

TEST_CASE("schedule: a trapezoid stays at 1 until its cooldown, whatever the end") {
  ScheduleOptions options{.shape = ScheduleShape::trapezoid,
                          .warmup_steps = 2,
                          .total_steps = 20,
                          .cooldown_steps = 10,
                          .floor = 0.2};
  for (const std::int64_t step : {2, 5, 9, 10}) CHECK(learning_rate_factor(options, step) == 1);
  CHECK(learning_rate_factor(options, 15) == Approx(0.6));
  for (const std::int64_t step : {20, 1000}) {
    CHECK(learning_rate_factor(options, step) == Approx(0.2));
  }
  options.cooldown_steps = 0;
  CHECK(learning_rate_factor(options, 19) == 1);
  options.cooldown_steps = 19;
  CHECK_THROWS_WITH(learning_rate_factor(options, 0), contains("cooldown_steps is 19"));
}

TEST_CASE("schedule: options are validated by name and value") {
  const auto linear = ScheduleShape::linear;
  CHECK_THROWS_WITH(learning_rate_factor({}, -1), "schedule: step is -1, must not be negative");
  CHECK_THROWS_WITH(learning_rate_factor({.warmup_steps = -2}, 0),
                    "schedule: warmup_steps is -2, must not be negative");
  CHECK_THROWS_WITH(learning_rate_factor({.shape = linear, .warmup_steps = 5, .total_steps = 5}, 0),
                    "schedule: total_steps is 5, must be more than warmup_steps, 5");
  CHECK_THROWS_WITH(learning_rate_factor({.shape = linear, .total_steps = 5, .floor = 1.5}, 0),
                    "schedule: floor is 1.5, must lie in [0, 1]");
  CHECK_THROWS_AS(learning_rate_factor({.shape = linear, .total_steps = 5, .floor = NAN}, 0),
                  OptionError);
}

TEST_CASE("schedule: shapes have names") {
  for (const auto shape : {ScheduleShape::constant, ScheduleShape::linear, ScheduleShape::cosine,
                           ScheduleShape::trapezoid}) {
    CHECK(schedule_named(to_string(shape)) == shape);
  }
  CHECK(to_string(ScheduleShape::trapezoid) == "trapezoid");
  CHECK_THROWS_WITH(schedule_named("cosin"), contains("schedule is \"cosin\", must be one of"));
}
