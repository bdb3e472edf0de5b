#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "minillama/text/tokenizer.h"

namespace minillama {

using TokenIds = std::vector<std::int64_t>;

/// The ids with the tokenizer's BOS in front, if it has one and it is wanted there.
TokenIds with_bos(const Tokenizer& tokenizer, const TokenIds& ids);

std::vector<std::int64_t> lengths_of(std::span<const TokenIds> sequences);

}  // namespace minillama
