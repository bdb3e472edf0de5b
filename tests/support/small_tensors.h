#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace minillama::test {

inline torch::Tensor zeros(const std::vector<std::int64_t>& shape) {
  return torch::zeros(shape);
}

inline torch::Tensor ids(const std::vector<std::int64_t>& values) {
  return torch::tensor(values, torch::kLong);
}

}  // namespace minillama::test
