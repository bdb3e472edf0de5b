#pragma once

#include <memory>

#include "minillama/generate/drafter.h"

namespace minillama {

/// Guesses that the sequence goes on as it did where it stood before as it stands now, prompt
/// included (prompt lookup decoding: Saxena 2023, github.com/apoorvumang/prompt-lookup-decoding).
/// Of several places it is that of the longest repetition, of equals the latest; what repeats up to
/// the end goes round.
///
/// @param tokens to guess at most; throws OptionError if that is less than 1
std::unique_ptr<Drafter> make_prompt_lookup(std::size_t tokens);

}  // namespace minillama
