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

void KVCache::copy_from(const KVCache& other) {
  if (this == &other) return;
  if (other.layers_.size() != layers_.size()) {
    throw OptionError(fmt::format("a KV cache of {} layers cannot take one of {}", layers_.size(),
                                  other.layers_.size()));
  }
  const auto& own = layers_.front().keys;
  require_shape(other.layers_.front().keys, "the KV cache to copy",
                {own.size(0), own.size(1), kAny, own.size(3)});
  require(other.length() <= own.size(2), "the length of the KV cache to copy", other.length(),
          fmt::format("be at most {}", own.size(2)));
  const auto copy = [&](const torch::Tensor& from, const torch::Tensor& to) {
    to.narrow(2, 0, other.length()).copy_(from.narrow(2, 0, other.length()));
  };
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    copy(other.layers_[i].keys, layers_[i].keys);
    copy(other.layers_[i].values, layers_[i].values);
    layers_[i].length = other.layers_[i].length;
  }
}

void KVCache::truncate(std::int64_t length) {
  require_below(length, "the length of a truncated KV cache", this->length() + 1);
  for (auto& layer : layers_) layer.length = length;
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
