#include "minillama/text/batch.h"

#include <algorithm>
#include <numeric>

#include "minillama/core/check.h"

namespace minillama {

torch::Tensor concatenate(std::span<const TokenIds> sequences) {
  TokenIds all;
  for (const auto& ids : sequences) all.insert(all.end(), ids.begin(), ids.end());
  return torch::tensor(all, torch::kLong);
}

torch::Tensor pad_right(std::span<const TokenIds> sequences, std::int64_t pad_id) {
  const auto lengths = lengths_of(sequences);
  if (lengths.empty()) throw OptionError("there are no sequences to make rows of");
  const auto longest = *std::ranges::max_element(lengths);
  auto rows = torch::full({std::ssize(sequences), longest}, pad_id, torch::kLong);
  auto* row = rows.data_ptr<std::int64_t>();
  for (const auto& ids : sequences) {
    std::ranges::copy(ids, row);
    row += longest;
  }
  return rows;
}

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

}  // namespace minillama
