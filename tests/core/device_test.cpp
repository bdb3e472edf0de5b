#include "minillama/core/device.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <torch/cuda.h>

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("devices are parsed and checked") {
  CHECK(parse_device("cpu") == torch::kCPU);
  for (const auto* text : {"", "gpu", "cpu:0", "cuda:", "cuda:x", "cuda:-1", "cuda:99", "CPU"}) {
    CHECK_THROWS_AS(parse_device(text), OptionError);
  }
  if (torch::cuda::device_count() == 0) CHECK_THROWS_AS(parse_device("cuda"), OptionError);
}

TEST_CASE("the number of threads is set and checked") {
  CHECK(available_processors() >= 1);
  const int before = threads();
  set_threads(2);
  CHECK(threads() == std::min(2, available_processors()));
  CHECK(at::get_num_threads() == 1);  // the library divides work, LibTorch does not
  set_threads(1);
  CHECK(threads() == 1);
  CHECK_THROWS_WITH(set_threads(0), "threads is 0, must lie between 1 and 1024");
  CHECK_THROWS_AS(set_threads(-1), OptionError);
  CHECK_THROWS_AS(set_threads(1025), OptionError);
  set_threads(before);
}

TEST_CASE("LibTorch computes on one thread within a scope, and as before behind it") {
  at::set_num_threads(3);
  {
    const SerialLibTorch serial;
    CHECK(at::get_num_threads() == 1);
  }
  CHECK(at::get_num_threads() == 3);
  at::set_num_threads(1);
}
