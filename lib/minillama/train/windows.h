#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <torch/types.h>

#include "minillama/io/token_file.h"

namespace minillama {

/// A token stream cut into windows of `length` tokens to read, each with the token behind it to
/// predict: window i holds tokens [start + i length, start + (i + 1) length]. Documents follow one
/// another without padding, and a window may hold the end of one and the beginning of the next.
class Windows {
 public:
  /// @param length of a window, at least 1
  /// @param start  of the first window
  /// Throws OptionError if the stream has no whole window, the length is less than 1 or the start
  /// negative. `ids` must outlive this.
  Windows(const TokenFile& ids, std::int64_t length, std::int64_t start = 0);

  std::int64_t size() const { return size_; }  ///< number of windows
  std::int64_t length() const { return length_; }

  /// The windows of those numbers, [count, length + 1] int64. Throws OptionError if one is not
  /// there.
  torch::Tensor rows(std::span<const std::int64_t> numbers) const;

 private:
  const TokenFile* ids_;
  std::int64_t length_;
  std::int64_t start_;
  std::int64_t size_ = 0;
};

/// The windows of one epoch and the order in which it takes them: shuffled, and shifted against
/// those of other epochs. All epochs have the same number. A pure function of its arguments, so a
/// run that resumes needs to know nothing but how far it is. Throws like Windows.
struct EpochWindows {
  EpochWindows(const TokenFile& ids, std::int64_t length, std::uint64_t seed, std::int64_t epoch);

  Windows windows;
  std::vector<std::int64_t> order;  ///< every number of a window once
};

/// The windows of epoch 0, 1, 2, …, each epoch in its order, as one stream without an end. Throws
/// like Windows.
class WindowStream {
 public:
  WindowStream(const TokenFile& ids, std::int64_t length, std::uint64_t seed);

  std::int64_t per_epoch() const { return std::ssize(epoch_windows_.order); }

  /// The windows [begin, begin + count) of the stream, [count, length + 1] int64. Draws an epoch's
  /// order anew when it comes to another epoch than the last call ended in. Throws OptionError if
  /// `begin` is negative or the count less than 1.
  torch::Tensor rows(std::int64_t begin, std::int64_t count);

 private:
  const TokenFile* ids_;
  std::uint64_t seed_;
  std::int64_t epoch_ = 0;  // that `epoch_windows_` is of
  EpochWindows epoch_windows_;
};

}  // namespace minillama
