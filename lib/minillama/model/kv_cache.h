#pragma once

#include <vector>

#include <torch/torch.h>

#include "minillama/core/model_config.h"
#include "minillama/nn/layer_cache.h"

namespace minillama {

/// The keys and values of all layers for the positions decoded so far.
class KVCache {
 public:
  /// Room for `capacity` positions of `batch` rows.
  KVCache(const ModelConfig& config, std::int64_t batch, std::int64_t capacity,
          const torch::TensorOptions& options);

  std::int64_t length() const { return layers_.front().length; }  ///< positions in use
  LayerCache& layer(std::size_t index) { return layers_[index]; }

 private:
  std::vector<LayerCache> layers_;
};

}  // namespace minillama
