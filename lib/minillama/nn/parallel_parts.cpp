#include "minillama/nn/parallel_parts.h"

#include <algorithm>
#include <atomic>

#include <ATen/Parallel.h>

#include "minillama/nn/precision.h"

namespace minillama {

std::int64_t parallel_workers(torch::Device device) {
  return device.is_cpu() ? at::get_num_threads() : 1;
}

void parallel_parts(torch::Device device, std::int64_t count,
                    const std::function<void(std::int64_t part)>& work) {
  if (!device.is_cpu()) {
    for (std::int64_t part = 0; part < count; ++part) work(part);
    return;
  }
  const bool gradients = torch::GradMode::is_enabled();
  const auto precision = cpu_precision();
  std::atomic<std::int64_t> next = 0;
  const auto workers = std::min(count, parallel_workers(device));
  at::parallel_for(0, workers, 1, [&](std::int64_t, std::int64_t) {
    const torch::AutoGradMode recording(gradients);
    const PrecisionScope products(precision, device);
    for (auto part = next++; part < count; part = next++) work(part);
  });
}

}  // namespace minillama
