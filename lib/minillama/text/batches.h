#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace minillama {

/// Divides sequences of the given lengths into batches of similar length, longest first, so that
/// little is padded inside attention: lists of indices. A batch has at most `max_tokens` tokens in
/// its rows, and no more than leave as many for each of the `workers` that share out the batches,
/// but at least one sequence. Throws OptionError if a length is negative, or max_tokens or workers
/// less than 1.
std::vector<std::vector<std::size_t>> batches_by_length(std::span<const std::int64_t> lengths,
                                                        std::int64_t max_tokens,
                                                        std::int64_t workers);

/// Throws OptionError unless each of the lengths lies between `least` and what a sequence may have.
void require_lengths(std::span<const std::int64_t> lengths, std::int64_t least);

}  // namespace minillama
