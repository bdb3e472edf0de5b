#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "minillama/text/tokenizer.h"

namespace minillama {

using TokenIds = std::vector<std::int64_t>;

/// The ids with the tokenizer's BOS in front, if it has one and it is wanted there.
TokenIds with_bos(const Tokenizer& tokenizer, const TokenIds& ids);

/// Removes `pad_id` from the end of every sequence, but never its first token.
void remove_padding(std::span<TokenIds> sequences, std::int64_t pad_id);

std::vector<std::int64_t> lengths_of(std::span<const TokenIds> sequences);

}  // namespace minillama
