#include "minillama/core/random.h"

namespace minillama {

torch::Generator make_generator(std::uint64_t seed) {
  return torch::make_generator<torch::CPUGeneratorImpl>(seed);
}

}  // namespace minillama
