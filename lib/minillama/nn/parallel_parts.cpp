#include "minillama/nn/parallel_parts.h"

#include <ATen/Parallel.h>

#include "minillama/nn/precision.h"

namespace minillama {

void parallel_parts(torch::Device device, std::int64_t count,
                    const std::function<void(std::int64_t part)>& work) {
  if (!device.is_cpu()) {
    for (std::int64_t part = 0; part < count; ++part) work(part);
    return;
  }
  const bool gradients = torch::GradMode::is_enabled();
  const auto precision = cpu_precision();
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    const torch::AutoGradMode recording(gradients);
    const PrecisionScope products(precision, device);
    for (auto part = begin; part < end; ++part) work(part);
  });
}

}  // namespace minillama
