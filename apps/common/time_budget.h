#pragma once

#include <chrono>

#include "common/arguments.h"

namespace minillama::app {

/// --time-budget in seconds, "90", "15m" or "3h"; infinite if it was not given.
double read_time_budget(const Arguments& arguments);

/// When a time that was given from now on is over.
class Deadline {
 public:
  explicit Deadline(double seconds) : seconds_(seconds) {}

  double seconds_left() const {
    return seconds_ - std::chrono::duration<double>(Clock::now() - start_).count();
  }
  bool has_passed() const { return seconds_left() <= 0; }

 private:
  using Clock = std::chrono::steady_clock;

  double seconds_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace minillama::app
