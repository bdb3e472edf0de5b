#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <torch/types.h>

#include "minillama/text/token_ids.h"

namespace minillama {

/// Sequences one after the other, without padding: [N] int64. Their lengths make a Sequences.
torch::Tensor concatenate(std::span<const TokenIds> sequences);

/// Sequences as rows, filled up on the right with `pad_id` to the longest: [B, T] int64. Throws
/// OptionError if there are none.
torch::Tensor pad_right(std::span<const TokenIds> sequences, std::int64_t pad_id);

/// Divides sequences of the given lengths into batches of similar length, longest first, so that
/// little is padded inside attention: lists of indices. A batch has at most `max_tokens` tokens in
/// its rows, and no more than leave as many for each of the `workers` that share out the batches,
/// but at least one sequence. Throws OptionError if a length is negative, or max_tokens or workers
/// less than 1.
std::vector<std::vector<std::size_t>> batches_by_length(std::span<const std::int64_t> lengths,
                                                        std::int64_t max_tokens,
                                                        std::int64_t workers);

}  // namespace minillama
