#include "minillama/core/device.h"

#include <dlfcn.h>

#include <charconv>

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

void set_threads(int count) {
  set_thread_limit(count);
  at::set_num_threads(1);
  // An OpenBLAS with threads of its own, of which LibTorch knows nothing.
  using SetThreads = void (*)(int);
  if (auto* symbol = ::dlsym(RTLD_DEFAULT, "openblas_set_num_threads"); symbol != nullptr) {
    reinterpret_cast<SetThreads>(symbol)(1);
  }
}

SerialLibTorch::SerialLibTorch() : before_(at::get_num_threads()) {
  if (before_ != 1) at::set_num_threads(1);
}

SerialLibTorch::~SerialLibTorch() {
  if (before_ != 1) at::set_num_threads(before_);
}

}  // namespace minillama
