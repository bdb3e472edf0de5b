#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace minillama {

/// How N tokens, written one after the other, form B sequences.
///
/// Everything but attention works on the tokens as they lie, [N, ...], so that no padding is ever
/// multiplied; attention alone needs rows, [B, T, ...] with T the longest length.
class Sequences {
 public:
  /// @param lengths of the sequences, each at least 1, not empty
  /// Throws OptionError on any others.
  explicit Sequences(std::vector<std::int64_t> lengths);
  /// `batch` sequences of `length` tokens. Throws OptionError unless both are at least 1.
  static Sequences rectangle(std::int64_t batch, std::int64_t length);

  std::int64_t size() const { return static_cast<std::int64_t>(lengths_.size()); }  ///< B
  std::int64_t longest() const { return longest_; }                                 ///< T
  std::int64_t n_tokens() const { return n_tokens_; }                               ///< N
  bool all_equal() const { return n_tokens_ == size() * longest_; }
  const std::vector<std::int64_t>& lengths() const { return lengths_; }

  /// Position of each token in its sequence, [N] int64.
  torch::Tensor positions(torch::Device device = torch::kCPU) const;
  /// Index in [0, N) of the last token of each sequence, [B] int64.
  torch::Tensor last_tokens(torch::Device device = torch::kCPU) const;
  /// Where rows hold no token, [B, T] bool.
  torch::Tensor padding(torch::Device device = torch::kCPU) const;

  /// [N, ...] -> [B, T, ...], zeros where there is no token. This and its inverse throw OptionError
  /// if the tensor has other sizes.
  torch::Tensor to_rows(const torch::Tensor& tokens) const;
  /// [B, T, ...] -> [N, ...], the inverse of to_rows().
  torch::Tensor to_tokens(const torch::Tensor& rows) const;

 private:
  /// Place of each token in the flattened rows, [N] int64.
  torch::Tensor places(torch::Device device) const;

  std::vector<std::int64_t> lengths_;
  std::int64_t longest_ = 0;
  std::int64_t n_tokens_ = 0;
};

}  // namespace minillama
