#include "minillama/model/kv_cache.h"

#include "minillama/core/check.h"

namespace minillama {

KVCache::KVCache(const ModelConfig& config, std::int64_t batch, std::int64_t capacity,
                 const torch::TensorOptions& options) {
  const auto resolved = config.resolved();
  require(batch >= 1, "KV cache: batch", batch, "be at least 1");
  require(capacity >= 1, "KV cache: capacity", capacity, "be at least 1");
  layers_.resize(static_cast<std::size_t>(resolved.n_layers));
  const std::vector<std::int64_t> shape{batch, resolved.n_kv_heads, capacity, resolved.head_dim()};
  for (auto& layer : layers_) {
    layer.keys = torch::empty(shape, options);
    layer.values = torch::empty(shape, options);
  }
}

LayerCache& KVCache::layer(std::size_t index) {
  require_below(index, "KV cache: layer", layers_.size());
  return layers_[index];
}

void KVCache::require_room(const ModelConfig& config, std::int64_t batch,
                           std::int64_t count) const {
  if (std::ssize(layers_) != config.n_layers) {
    throw OptionError(fmt::format("the KV cache is of {} layers, the model has {}", layers_.size(),
                                  config.n_layers));
  }
  const auto& keys = layers_.front().keys;
  require_shape(keys, "the KV cache", {batch, config.n_kv_heads, kAny, config.head_dim()});
  if (count > keys.size(2) - length()) {
    throw OptionError(fmt::format("the KV cache of {} positions holds {}, no room for {} more",
                                  keys.size(2), length(), count));
  }
}

}  // namespace minillama
