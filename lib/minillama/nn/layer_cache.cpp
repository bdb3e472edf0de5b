#include "minillama/nn/layer_cache.h"

namespace minillama {

std::pair<torch::Tensor, torch::Tensor> LayerCache::append(const torch::Tensor& new_keys,
                                                           const torch::Tensor& new_values) {
  const std::int64_t count = new_keys.size(2);
  TORCH_CHECK(length + count <= keys.size(2), "KV cache of ", keys.size(2), " positions holds ",
              length, ", no room for ", count, " more");
  keys.narrow(2, length, count).copy_(new_keys);
  values.narrow(2, length, count).copy_(new_values);
  length += count;
  return {keys.narrow(2, 0, length), values.narrow(2, 0, length)};
}

}  // namespace minillama
