#include "minillama/train/save_clock.h"

#include <algorithm>

namespace minillama {

double SaveClock::now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(time).count();
}

bool SaveClock::is_due() const {
  constexpr double kTimesItsCost = 20;
  return seconds_ > 0 && now() - last_end_ >= std::max(seconds_, kTimesItsCost * cost_);
}

void SaveClock::end() {
  last_end_ = now();
  cost_ = last_end_ - begin_;
}

}  // namespace minillama
