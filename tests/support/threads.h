#pragma once

#include "minillama/core/device.h"

namespace minillama::test {

/// The library works with that many threads until the end of the scope.
class Threads {
 public:
  explicit Threads(int count) { set_threads(count); }
  ~Threads() { set_threads(saved_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int saved_ = threads();
};

}  // namespace minillama::test
