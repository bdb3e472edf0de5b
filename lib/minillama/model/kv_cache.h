#pragma once

#include <vector>

#include <torch/types.h>

#include "minillama/core/model_config.h"
#include "minillama/nn/layer_cache.h"

namespace minillama {

/// The keys and values of all layers for the positions decoded so far.
class KVCache {
 public:
  /// Room for `capacity` positions of `batch` rows. Throws OptionError unless both are at least 1
  /// and the config describes a model.
  KVCache(const ModelConfig& config, std::int64_t batch, std::int64_t capacity,
          const torch::TensorOptions& options);

  // A copy would share the tensors and not what is in use of them: see copy_from().
  KVCache(const KVCache&) = delete;
  KVCache& operator=(const KVCache&) = delete;
  KVCache(KVCache&&) = default;
  KVCache& operator=(KVCache&&) = default;

  std::int64_t length() const { return layers_.front().length; }  ///< positions in use
  /// Holds from now on what `other` holds, in memory of its own. Throws OptionError, before
  /// anything is changed, if `other` is of other layers, rows or heads, or holds more than has room
  /// here.
  void copy_from(const KVCache& other);

  /// Keeps the first `length` positions. Throws OptionError if there are fewer.
  void truncate(std::int64_t length);

  /// Throws OptionError if there is no such layer.
  LayerCache& layer(std::size_t index);

  /// Throws OptionError unless a model of `config` can go on from here with `count` positions more
  /// of each of `batch` rows.
  void require_room(const ModelConfig& config, std::int64_t batch, std::int64_t count) const;

 private:
  std::vector<LayerCache> layers_;
};

}  // namespace minillama
