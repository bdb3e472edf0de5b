#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <torch/types.h>

#include "minillama/core/model_config.h"
#include "minillama/nn/layer_cache.h"
#include "minillama/ops/sequences.h"

namespace minillama {

/// The keys and values of all layers for the positions decoded so far, of rows that each have a
/// length of their own.
class KVCache {
 public:
  /// Room for `capacity` positions of `rows` rows. Throws OptionError unless both are at least 1
  /// and the config describes a model.
  KVCache(const ModelConfig& config, std::int64_t rows, std::int64_t capacity,
          const torch::TensorOptions& options);

  // A copy would share the tensors and not what is in use of them.
  KVCache(const KVCache&) = delete;
  KVCache& operator=(const KVCache&) = delete;
  KVCache(KVCache&&) = default;
  KVCache& operator=(KVCache&&) = default;

  /// Positions in use of each row.
  const std::vector<std::int64_t>& lengths() const { return lengths_; }

  /// Makes row `to` a copy of row `from`. Throws OptionError if one is not there.
  void copy(std::int64_t from, std::int64_t to);

  /// Keeps the first `length` positions of a row. Throws OptionError if it is not there or has
  /// fewer.
  void truncate(std::int64_t row, std::int64_t length);

  /// Throws OptionError if there is no such layer.
  LayerCache& layer(std::size_t index);

  /// Where the tokens of `sequences` go, of which the i-th continues the row rows[i]. Throws
  /// OptionError unless a model of `config` on the device of the cache can go on with them.
  CachePlaces places(const ModelConfig& config, const Sequences& sequences,
                     std::span<const std::int64_t> rows) const;

  /// The rows of `places` have its lengths now: all layers hold what was put there. Throws
  /// OptionError, before anything is changed, if there is no such row or no room in it.
  void advance(const CachePlaces& places);

 private:
  std::vector<LayerCache> layers_;
  std::vector<std::int64_t> lengths_;
};

}  // namespace minillama
