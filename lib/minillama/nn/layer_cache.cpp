#include "minillama/nn/layer_cache.h"

#include <algorithm>

#include "minillama/core/check.h"

namespace minillama {

CachePlaces::CachePlaces(const Sequences& sequences, std::vector<std::int64_t> rows,
                         std::vector<std::int64_t> past, torch::Device device)
    : rows_(std::move(rows)) {
  const auto& lengths = sequences.lengths();
  if (rows_.size() != lengths.size() || past.size() != lengths.size()) {
    throw OptionError(fmt::format("{} rows and {} lengths of a KV cache for {} sequences",
                                  rows_.size(), past.size(), lengths.size()));
  }
  std::int64_t before = -1;
  for (const auto row : rows_) {
    require(row > before, "a row of a KV cache", row, fmt::format("be more than {}", before));
    before = row;
  }
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    require(past[i] >= 0, "the length of a row of a KV cache", past[i], "not be negative");
    lengths_.push_back(past[i] + lengths[i]);
    longest_ = std::max(longest_, lengths_.back());
  }
  const auto counts = torch::tensor(lengths, torch::kLong);
  const auto begins = torch::tensor(past, torch::kLong);
  row_indices_ = torch::tensor(rows_, torch::kLong);
  token_rows_ = row_indices_.repeat_interleave(counts).to(device);
  positions_ = (sequences.positions() + begins.repeat_interleave(counts)).to(device);
  // One query of each of equally long rows sees all there is.
  const bool equal = std::ranges::adjacent_find(past, std::not_equal_to()) == past.end();
  if (sequences.longest() > 1 || !equal) {
    const auto steps = torch::arange(1, sequences.longest() + 1);
    // Padding sees what the last token sees: its outputs are nobody's.
    visible_ = (begins.unsqueeze(1) + steps.minimum(counts.unsqueeze(1))).to(device);
  }
  row_indices_ = row_indices_.to(device);
}

std::pair<torch::Tensor, torch::Tensor> LayerCache::append(const torch::Tensor& new_keys,
                                                           const torch::Tensor& new_values,
                                                           const CachePlaces& places) {
  require_shape(keys, "cached keys", {kAny, kAny, kAny, kAny});
  require_shape(values, "cached values", {keys.size(0), keys.size(1), keys.size(2), keys.size(3)});
  const auto check = [&](const torch::Tensor& added, std::string_view name) {
    require_shape(added, name, {places.positions().size(0), keys.size(1), keys.size(3)});
    require_device(added, name, keys.device());
  };
  check(new_keys, "new keys");
  check(new_values, "new values");
  require_device(places.positions(), "the places in a KV cache", keys.device());
  require_below(places.rows().back(), "a row of a KV cache", keys.size(0));
  if (places.longest() > keys.size(2)) {
    throw OptionError(fmt::format("a KV cache of {} positions has no room for {}", keys.size(2),
                                  places.longest()));
  }
  const auto put = [&](const torch::Tensor& cached, const torch::Tensor& added) {
    using torch::indexing::Slice;
    auto all = cached;
    all.index_put_({places.token_rows_, Slice(), places.positions_}, added);
    all = all.narrow(2, 0, places.longest());
    return places.rows_.size() == static_cast<std::size_t>(cached.size(0))
               ? all
               : all.index_select(0, places.row_indices_);
  };
  auto all_keys = put(keys, new_keys);
  return {std::move(all_keys), put(values, new_values)};
}

}  // namespace minillama
