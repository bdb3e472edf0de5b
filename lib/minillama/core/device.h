#pragma once

#include <string_view>

#include <torch/types.h>

#include "minillama/core/threads.h"

namespace minillama {

/// "cpu", "cuda" or "cuda:N". Throws OptionError on any other text and where LibTorch has no such
/// device.
torch::Device parse_device(std::string_view text);

/// How many threads of this process compute at most, whichever of its threads call the library: 1
/// means that each works alone. No more are used than available_processors(). Without a call
/// it is default_threads(). Results may depend on it in their last bits, where sums are formed.
///
/// The library divides work itself. LibTorch and its BLAS are told to run each operation on the
/// thread that calls it (at::set_num_threads(1)), since their threads keep processors busy while
/// they wait. So this should be called once, at the start of a program, before other threads are
/// started. Throws OptionError unless 1 <= count <= 1024.
void set_threads(int count);

/// While it lives, LibTorch computes on this thread alone what this thread asks for. The library's
/// functions do this for themselves.
class SerialLibTorch {
 public:
  SerialLibTorch();
  ~SerialLibTorch();
  SerialLibTorch(const SerialLibTorch&) = delete;
  SerialLibTorch& operator=(const SerialLibTorch&) = delete;

 private:
  int before_;
};

}  // namespace minillama
