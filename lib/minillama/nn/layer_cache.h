#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "minillama/ops/sequences.h"

namespace minillama {

/// Where the N tokens of a pass over B sequences go in a cache, whose rows have lengths of their
/// own: the i-th sequence continues the row rows[i], which holds past[i] positions.
class CachePlaces {
 public:
  /// @param device of the cache and the tensors below
  /// Throws OptionError unless there are as many rows and pasts as sequences, none is negative, and
  /// the rows increase.
  CachePlaces(const Sequences& sequences, std::vector<std::int64_t> rows,
              std::vector<std::int64_t> past, torch::Device device);

  const std::vector<std::int64_t>& rows() const { return rows_; }
  /// The length of each of the rows afterwards, and the longest of these.
  const std::vector<std::int64_t>& lengths() const { return lengths_; }
  std::int64_t longest() const { return longest_; }
  /// The position of each token in its row, [N] int64.
  const torch::Tensor& positions() const { return positions_; }
  /// How many positions each query of a causal model sees, past[i] + t + 1, and no more where it is
  /// padding, [B, T] int64; undefined if all see all.
  const torch::Tensor& visible() const { return visible_; }

 private:
  friend struct LayerCache;

  std::vector<std::int64_t> rows_;
  std::vector<std::int64_t> lengths_;
  std::int64_t longest_ = 0;
  torch::Tensor row_indices_;  // [B]
  torch::Tensor token_rows_;   // [N]
  torch::Tensor positions_;
  torch::Tensor visible_;
};

/// Keys and values of the positions that one attention layer has seen, so that decoding a token
/// costs one position and not all of them. What lies behind a row's end must be finite.
struct LayerCache {
  torch::Tensor keys;    ///< [R, Hkv, capacity, Dh], rotated
  torch::Tensor values;  ///< [R, Hkv, capacity, Dh]

  /// Puts keys and values [N, Hkv, Dh] in their places and returns those of the sequences' rows,
  /// [B, Hkv, longest, Dh]. Throws OptionError, before anything is changed, if they do not fit:
  /// another N, Hkv, Dh or device, or no such row or position.
  std::pair<torch::Tensor, torch::Tensor> append(const torch::Tensor& new_keys,
                                                 const torch::Tensor& new_values,
                                                 const CachePlaces& places);
};

}  // namespace minillama
