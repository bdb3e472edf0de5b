#include "minillama/text/batches.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "minillama/core/require.h"

namespace minillama {

std::vector<std::vector<std::size_t>> batches_by_length(std::span<const std::int64_t> lengths,
                                                        std::int64_t max_tokens,
                                                        std::int64_t workers) {
  require_lengths(lengths, 0);
  require(max_tokens >= 1, "max_tokens", max_tokens, "be at least 1");
  require(workers >= 1, "workers", workers, "be at least 1");
  std::vector<std::size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](auto a, auto b) { return lengths[a] > lengths[b]; });

  const auto total = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  max_tokens = std::min(max_tokens, (total - 1) / workers + 1);
  std::vector<std::vector<std::size_t>> batches;
  std::int64_t longest = 0;
  for (const auto index : order) {
    const bool full = batches.empty() || longest * (std::ssize(batches.back()) + 1) > max_tokens;
    if (full) {
      batches.emplace_back();
      longest = lengths[index];
    }
    batches.back().push_back(index);
  }
  return batches;
}

void require_lengths(std::span<const std::int64_t> lengths, std::int64_t least) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  for (const auto length : lengths) {
    if (length >= least && length <= kMost) continue;
    throw OptionError(fmt::format("a sequence has the length {}, must lie between {} and {}",
                                  length, least, kMost));
  }
}

}  // namespace minillama
