#pragma once

// Not part of the public interface: how threads share out lists of tensors.

#include <algorithm>
#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace minillama {

/// Elements [begin, end) of tensor number `tensor` of a list.
struct Block {
  std::size_t tensor;
  std::int64_t begin;
  std::int64_t end;
};

/// Cuts every tensor into blocks of a fixed size. Threads share out the blocks of all tensors in
/// one parallel region, as a region for each would end in a barrier for each: dear on a busy
/// machine. The blocks do not depend on the number of threads, and so neither do sums over them.
inline std::vector<Block> split_into_blocks(const std::vector<torch::Tensor>& tensors) {
  constexpr std::int64_t kBlock = std::int64_t{1} << 16;
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (std::int64_t begin = 0; begin < tensors[i].numel(); begin += kBlock) {
      blocks.push_back({i, begin, std::min(begin + kBlock, tensors[i].numel())});
    }
  }
  return blocks;
}

}  // namespace minillama
