#include "minillama/core/device.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

torch::Device parse_device(std::string_view text) {
  if (text == "cpu") return torch::kCPU;
  int index = 0;
  bool valid = text == "cuda";
  if (text.starts_with("cuda:")) {
    const auto [end, error] = std::from_chars(text.data() + 5, text.data() + text.size(), index);
    valid = error == std::errc() && end == text.data() + text.size() && index >= 0;
  }
  if (!valid) throw OptionError(fmt::format("device is {}, must be cpu or cuda", quote(text)));
  if (index >= static_cast<int>(torch::cuda::device_count())) {
    throw OptionError(fmt::format("device is {}, but LibTorch sees {} CUDA devices", quote(text),
                                  torch::cuda::device_count()));
  }
  return {torch::kCUDA, static_cast<torch::DeviceIndex>(index)};
}

void set_threads(int threads) {
  if (threads < 1 || threads > 1024) {
    throw OptionError(fmt::format("threads is {}, must lie between 1 and 1024", threads));
  }
  at::set_num_threads(threads);
}

int available_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace minillama
