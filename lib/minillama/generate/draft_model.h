#pragma once

#include <cstddef>
#include <memory>

#include "minillama/generate/decoder.h"
#include "minillama/generate/drafter.h"

namespace minillama {

/// Guesses what a smaller model of the same vocabulary would choose, by the sequence's own sampler
/// and its random numbers: the more alike the distributions, the more guesses are right.
///
/// @param capacity of the sequence; where the small model's context ends, guessing does
/// @param tokens   to guess at most
/// Throws OptionError if one of them is less than 1.
std::unique_ptr<Drafter> make_draft_model(const DecoderSource& model, std::int64_t capacity,
                                          std::size_t tokens);

}  // namespace minillama
