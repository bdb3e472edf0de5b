#include "minillama/core/device.h"

#include <dlfcn.h>

#include <charconv>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/cuda.h>

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

namespace {

/// A function of the program's libraries, if there is one of that name.
template <typename Function>
Function* find_function(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
}

/// An OpenBLAS that has threads of its own, and not OpenMP's, does not hear of what LibTorch is
/// told.
void limit_openblas() {
  constexpr int kOwnThreads = 1;
  auto* kind = find_function<int()>("openblas_get_parallel");
  auto* set = find_function<void(int)>("openblas_set_num_threads");
  if (kind != nullptr && set != nullptr && kind() == kOwnThreads) set(1);
}

}  // namespace

void set_threads(int count) {
  set_thread_limit(count);
  at::set_num_threads(1);
  limit_openblas();
}

SerialLibTorch::SerialLibTorch() : before_(at::get_num_threads()) {
  if (before_ != 1) at::set_num_threads(1);
}

SerialLibTorch::~SerialLibTorch() {
  if (before_ != 1) at::set_num_threads(before_);
}

}  // namespace minillama
