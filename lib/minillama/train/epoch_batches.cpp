#include "minillama/train/epoch_batches.h"

#include <algorithm>
#include <numeric>

#include "minillama/core/check.h"
#include "minillama/text/batches.h"

namespace minillama {
namespace {

std::vector<std::size_t> random_order(std::size_t count, const torch::Generator& generator) {
  const auto order = torch::randperm(static_cast<std::int64_t>(count), generator, torch::kLong);
  const auto* begin = order.data_ptr<std::int64_t>();
  return {begin, begin + count};
}

}  // namespace

std::vector<std::vector<std::size_t>> epoch_batches(std::span<const std::int64_t> lengths,
                                                    const BatchOptions& options,
                                                    torch::Generator generator) {
  require_lengths(lengths, 0);
  require(options.size >= 1, "batch-size", options.size, "be at least 1");
  require(options.max_tokens >= 0, "max-tokens", options.max_tokens, "not be negative");
  if (options.shuffle) require_generator(generator);
  std::vector<std::size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), 0);
  if (options.shuffle) order = random_order(lengths.size(), generator);
  if (options.by_length) std::ranges::stable_sort(order, {}, [&](auto i) { return lengths[i]; });

  std::vector<std::vector<std::size_t>> batches;
  std::int64_t longest = 0;
  for (const auto index : order) {
    longest = std::max(longest, lengths[index]);
    const bool full =
        batches.empty() || std::ssize(batches.back()) == options.size ||
        (options.max_tokens > 0 && longest * (std::ssize(batches.back()) + 1) > options.max_tokens);
    if (full) {
      batches.emplace_back();
      longest = lengths[index];
    }
    batches.back().push_back(index);
  }
  if (!options.by_length || !options.shuffle) return batches;

  std::vector<std::vector<std::size_t>> shuffled;
  for (const auto index : random_order(batches.size(), generator)) {
    shuffled.push_back(std::move(batches[index]));
  }
  return shuffled;
}

}  // namespace minillama
