#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <torch/types.h>

#include "minillama/text/batches.h"
#include "minillama/text/token_ids.h"

namespace minillama {

/// Sequences one after the other, without padding: [N] int64. Their lengths make a Sequences.
torch::Tensor concatenate(std::span<const TokenIds> sequences);

/// Sequences as rows, filled up on the right with `pad_id` to the longest: [B, T] int64. Throws
/// OptionError if there are none.
torch::Tensor pad_right(std::span<const TokenIds> sequences, std::int64_t pad_id);

}  // namespace minillama
