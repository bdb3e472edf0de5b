#include "minillama/model/kv_cache.h"

#include "minillama/core/check.h"

namespace minillama {

KVCache::KVCache(const ModelConfig& config, std::int64_t rows, std::int64_t capacity,
                 const torch::TensorOptions& options) {
  const auto resolved = config.resolved();
  require(rows >= 1, "KV cache: rows", rows, "be at least 1");
  require(capacity >= 1, "KV cache: capacity", capacity, "be at least 1");
  lengths_.resize(static_cast<std::size_t>(rows));
  layers_.resize(static_cast<std::size_t>(resolved.n_layers));
  const std::vector<std::int64_t> shape{rows, resolved.n_kv_heads, capacity, resolved.head_dim};
  for (auto& layer : layers_) {
    layer.keys = torch::zeros(shape, options);
    layer.values = torch::zeros(shape, options);
  }
}

void KVCache::copy(std::int64_t from, std::int64_t to) {
  require_below(from, "KV cache: row", lengths_.size());
  require_below(to, "KV cache: row", lengths_.size());
  if (from == to) return;
  const auto length = lengths_[static_cast<std::size_t>(from)];
  for (auto& layer : layers_) {
    for (const auto& cached : {layer.keys, layer.values}) {
      cached[to].narrow(1, 0, length).copy_(cached[from].narrow(1, 0, length));
    }
  }
  lengths_[static_cast<std::size_t>(to)] = length;
}

void KVCache::truncate(std::int64_t row, std::int64_t length) {
  require_below(row, "KV cache: row", lengths_.size());
  auto& now = lengths_[static_cast<std::size_t>(row)];
  require_below(length, "the length of a truncated row of a KV cache", now + 1);
  now = length;
}

LayerCache& KVCache::layer(std::size_t index) {
  require_below(index, "KV cache: layer", layers_.size());
  return layers_[index];
}

CachePlaces KVCache::places(const ModelConfig& config, const Sequences& sequences,
                            std::span<const std::int64_t> rows) const {
  if (std::ssize(layers_) != config.n_layers) {
    throw OptionError(fmt::format("the KV cache is of {} layers, the model has {}", layers_.size(),
                                  config.n_layers));
  }
  const auto& keys = layers_.front().keys;
  require_shape(keys, "the KV cache", {kAny, config.n_kv_heads, kAny, config.head_dim});
  std::vector<std::int64_t> past;
  for (const auto row : rows) {
    require_below(row, "KV cache: row", lengths_.size());
    past.push_back(lengths_[static_cast<std::size_t>(row)]);
  }
  CachePlaces places(sequences, {rows.begin(), rows.end()}, past, keys.device());
  for (std::size_t i = 0; i < past.size(); ++i) {
    const auto count = sequences.lengths()[i];
    if (count <= keys.size(2) - past[i]) continue;
    throw OptionError(
        fmt::format("row {} of the KV cache of {} positions holds {}, no room for {} "
                    "more",
                    rows[i], keys.size(2), past[i], count));
  }
  return places;
}

void KVCache::advance(const CachePlaces& places) {
  require_below(places.rows().back(), "KV cache: row", lengths_.size());
  require_below(places.longest(), "the length of a row of a KV cache",
                layers_.front().keys.size(2) + 1);
  for (std::size_t i = 0; i < places.rows().size(); ++i) {
    lengths_[static_cast<std::size_t>(places.rows()[i])] = places.lengths()[i];
  }
}

}  // namespace minillama
