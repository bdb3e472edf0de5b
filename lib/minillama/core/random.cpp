#include "minillama/core/random.h"

#include <limits>

#include "minillama/core/check.h"

namespace minillama {
namespace {

/// Calls draw(x), or, where that would not give the numbers of float32 on the CPU, draws them
/// there.
template <typename Draw>
void fill(const torch::Tensor& x, const torch::Generator& generator, const Draw& draw) {
  require_generator(generator);
  if (!x.defined()) throw OptionError("nothing to fill: the tensor is undefined");
  const torch::NoGradGuard no_grad;
  if (x.is_cpu() && x.scalar_type() == torch::kFloat && x.is_contiguous()) {
    draw(x);
  } else {
    x.copy_(draw(torch::empty(x.sizes(), torch::kFloat)));
  }
}

/// Any number that is not negative.
std::uint64_t draw_number(const torch::Generator& generator) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::uint64_t>(
      torch::randint(kMost, {}, generator, torch::kLong).item<std::int64_t>());
}

/// The next number of SplitMix64.
std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  std::uint64_t z = state;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

}  // namespace

torch::Generator make_generator(std::uint64_t seed) {
  return torch::make_generator<torch::CPUGeneratorImpl>(seed);
}

std::vector<torch::Generator> make_generators(const torch::Generator& generator,
                                              std::int64_t count) {
  require_generator(generator);
  require(count >= 0, "the number of generators", count, "not be negative");
  auto state = draw_number(generator);
  std::vector<torch::Generator> generators;
  for (std::int64_t i = 0; i < count; ++i) generators.push_back(make_generator(split_mix(state)));
  return generators;
}

torch::Generator generator_for(torch::Device device, const torch::Generator& generator) {
  require_generator(generator);
  if (device.is_cpu()) return generator;
  const auto seed = draw_number(generator);
  // A copy of the global one, which stays as it is: LibTorch has no other way to make one that
  // does not need its CUDA library when linking.
  auto own = at::globalContext().defaultGenerator(device).clone();
  own.set_current_seed(seed);
  return own;
}

void draw_normal(const torch::Tensor& x, double deviation, torch::Generator generator) {
  fill(x, generator, [&](const torch::Tensor& y) { return y.normal_(0, deviation, generator); });
}

void draw_uniform(const torch::Tensor& x, double bound, torch::Generator generator) {
  fill(x, generator, [&](const torch::Tensor& y) { return y.uniform_(-bound, bound, generator); });
}

}  // namespace minillama
