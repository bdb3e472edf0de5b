#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace minillama {

/// A CPU generator seeded with `seed`. Everything random in the library takes a generator or a seed
/// from its caller; LibTorch's global generator is never used.
torch::Generator make_generator(std::uint64_t seed);

/// Those of `count` parts of what begins with one number, which `generator` draws: seeded with the
/// first `count` numbers of SplitMix64 (Steele, Lea and Flood 2014) from there, so that each part
/// has chance of its own, whoever computes it and when. Throws OptionError if `generator` is none
/// of the CPU.
std::vector<torch::Generator> make_generators(const torch::Generator& generator,
                                              std::int64_t count);

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
