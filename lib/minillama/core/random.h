#pragma once

#include <cstdint>

#include <torch/types.h>

namespace minillama {

/// A CPU generator seeded with `seed`. Everything random in the library takes a generator or a seed
/// from its caller; LibTorch's global generator is never used.
torch::Generator make_generator(std::uint64_t seed);

/// What draws on `device` with the chance of `generator`, one of the CPU: itself there, elsewhere a
/// generator of that device seeded by it. So a state of `generator` decides all that follows.
/// Throws OptionError if `generator` is none of the CPU.
torch::Generator generator_for(torch::Device device, const torch::Generator& generator);

/// Fill `x` with numbers from normal(0, deviation²) or uniform(-bound, bound). They are drawn in
/// float32 on the CPU, so that they depend on neither type nor device. Throw OptionError if
/// `generator` is none of the CPU.
void draw_normal(const torch::Tensor& x, double deviation, torch::Generator generator);
void draw_uniform(const torch::Tensor& x, double bound, torch::Generator generator);

}  // namespace minillama
