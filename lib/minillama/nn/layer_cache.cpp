#include "minillama/nn/layer_cache.h"

#include "minillama/core/check.h"

namespace minillama {

std::pair<torch::Tensor, torch::Tensor> LayerCache::append(const torch::Tensor& new_keys,
                                                           const torch::Tensor& new_values) {
  require_shape(keys, "cached keys", {kAny, kAny, kAny, kAny});
  require_shape(values, "cached values", {keys.size(0), keys.size(1), keys.size(2), keys.size(3)});
  const auto check = [&](const torch::Tensor& added, std::string_view name) {
    require_shape(added, name, {keys.size(0), keys.size(1), kAny, keys.size(3)});
    require_device(added, name, keys.device());
  };
  check(new_keys, "new keys");
  check(new_values, "new values");
  const std::int64_t count = new_keys.size(2);
  if (new_values.size(2) != count || length < 0 || count > keys.size(2) - length) {
    throw OptionError(fmt::format("a KV cache of {} positions holds {}, no room for {} more",
                                  keys.size(2), length, count));
  }
  keys.narrow(2, length, count).copy_(new_keys);
  values.narrow(2, length, count).copy_(new_values);
  length += count;
  return {keys.narrow(2, 0, length), values.narrow(2, 0, length)};
}

}  // namespace minillama
