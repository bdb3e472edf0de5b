#include "minillama/model/kv_cache.h"

namespace minillama {

KVCache::KVCache(const ModelConfig& config, std::int64_t batch, std::int64_t capacity,
                 const torch::TensorOptions& options)
    : layers_(static_cast<std::size_t>(config.n_layers)) {
  const std::vector<std::int64_t> shape{batch, config.n_kv_heads, capacity, config.head_dim()};
  for (auto& layer : layers_) {
    layer.keys = torch::empty(shape, options);
    layer.values = torch::empty(shape, options);
  }
}

}  // namespace minillama
