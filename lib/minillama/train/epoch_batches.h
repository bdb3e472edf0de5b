#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <torch/types.h>

namespace minillama {

/// How the examples of an epoch form batches.
struct BatchOptions {
  std::int64_t size = 32;       ///< examples in a batch, at least 1
  std::int64_t max_tokens = 0;  ///< and at most so many tokens in its padded rows; 0: any number
  bool by_length = true;        ///< put together what is of similar length
  bool shuffle = true;          ///< false: in the order of the file (or of length)
};

/// The batches of one epoch: lists of indices that hold every example once.
///
/// The examples are shuffled; sorted by length, if asked for, those of one length staying shuffled;
/// divided into batches; and then, if sorted, the batches are shuffled. So every batch is of one
/// length, nearly, and all epochs have the same number of batches unless max_tokens divides
/// shuffled examples. All the chance comes from `generator`. Throws OptionError if the size is less
/// than 1, max_tokens or a length negative, or something is to be shuffled without a generator.
std::vector<std::vector<std::size_t>> epoch_batches(std::span<const std::int64_t> lengths,
                                                    const BatchOptions& options,
                                                    torch::Generator generator);

}  // namespace minillama
