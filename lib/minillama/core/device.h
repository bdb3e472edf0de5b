#pragma once

#include <string_view>

#include <torch/torch.h>

namespace minillama {

/// "cpu", "cuda" or "cuda:N". Throws OptionError on any other text and where LibTorch has no such
/// device.
torch::Device parse_device(std::string_view text);

/// Sets the number of threads that one operation of LibTorch and its BLAS use. LibTorch starts with
/// a number that depends on how it was built (1 in Debian's), so programs should call this once, at
/// their start. Throws OptionError unless 1 <= threads <= 1024.
void set_threads(int threads);

/// The processors this process may run on.
int available_processors();

}  // namespace minillama
