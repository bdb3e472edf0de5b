#pragma once

#include <utility>

#include <torch/types.h>

namespace minillama {

/// Keys and values of the positions that one attention layer has seen, so that decoding a token
/// costs one position and not all of them.
struct LayerCache {
  torch::Tensor keys;       ///< [B, Hkv, capacity, Dh], rotated
  torch::Tensor values;     ///< [B, Hkv, capacity, Dh]
  std::int64_t length = 0;  ///< positions in use

  /// Appends keys and values [B, Hkv, T, Dh] and returns views of all there are,
  /// [B, Hkv, length, Dh]. Throws OptionError, before anything is changed, if they do not fit:
  /// another B, Hkv, Dh or device, or no room for T more.
  std::pair<torch::Tensor, torch::Tensor> append(const torch::Tensor& new_keys,
                                                 const torch::Tensor& new_values);
};

}  // namespace minillama
