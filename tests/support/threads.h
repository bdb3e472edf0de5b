#pragma once

#include <torch/torch.h>

namespace minillama::test {

/// LibTorch works with that many threads until the end of the scope.
class Threads {
 public:
  explicit Threads(int threads) { torch::set_num_threads(threads); }
  ~Threads() { torch::set_num_threads(saved_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int saved_ = torch::get_num_threads();
};

}  // namespace minillama::test
