#pragma once

#include <chrono>

namespace minillama {

/// Says when it is time to save again: every so many seconds, but so that saving takes no more than
/// a twentieth of the time.
class SaveClock {
 public:
  /// @param seconds 0: never
  explicit SaveClock(double seconds) : seconds_(seconds), last_end_(now()) {}

  bool is_due() const;
  /// To be called around every save.
  void begin() { begin_ = now(); }
  void end();

 private:
  static double now();

  double seconds_;
  double begin_ = 0;
  double last_end_;
  double cost_ = 0;  // seconds that the last save took
};

}  // namespace minillama
