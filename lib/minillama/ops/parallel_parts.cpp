#include "minillama/ops/parallel_parts.h"

#include <atomic>

#include "minillama/core/device.h"
#include "minillama/core/thread_pool.h"
#include "minillama/ops/precision.h"

namespace minillama {

std::int64_t parallel_workers(torch::Device device) {
  return device.is_cpu() ? threads() : 1;
}

void parallel_parts(torch::Device device, std::int64_t count,
                    const std::function<void(std::int64_t part)>& work) {
  if (!device.is_cpu() || count <= 1) {
    const SerialLibTorch serial;
    for (std::int64_t part = 0; part < count; ++part) work(part);
    return;
  }
  const bool gradients = torch::GradMode::is_enabled();
  const auto precision = precision_on(device);
  std::atomic<std::int64_t> next = 0;
  run_team(static_cast<std::size_t>(count), [&](std::size_t) {
    const SerialLibTorch serial;
    const torch::AutoGradMode recording(gradients);
    const PrecisionScope products(precision, device);
    for (auto part = next++; part < count; part = next++) {
      try {
        work(part);
      } catch (...) {
        next = count;  // the others need not go on
        throw;
      }
    }
  });
}

}  // namespace minillama
