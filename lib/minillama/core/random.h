#pragma once

#include <cstdint>

#include <torch/torch.h>

namespace minillama {

/// A CPU generator seeded with `seed`. Everything random in the library takes its generator as an
/// argument; LibTorch's global one is never used.
torch::Generator make_generator(std::uint64_t seed);

}  // namespace minillama
