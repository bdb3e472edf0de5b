#pragma once

// Not part of the public interface: how threads share out independent parts.

#include <cstdint>
#include <functional>

#include <torch/types.h>

namespace minillama {

/// How many parts are computed at a time: on the CPU one by each thread.
std::int64_t parallel_workers(torch::Device device);

/// Calls work(0) … work(count - 1), which compute independent parts on `device`. On the CPU threads
/// share out whole parts, each taking the next when it is done, rather than the work within each
/// operation: they meet once and not a thousand times. A single part is not one of a team's
/// (core/thread_pool.h): its large products are divided instead. What the caller said about
/// gradients and precision (ops/precision.h) holds in every part. An exception in a part is thrown
/// on.
void parallel_parts(torch::Device device, std::int64_t count,
                    const std::function<void(std::int64_t part)>& work);

}  // namespace minillama
