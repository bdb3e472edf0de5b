#pragma once

// Not part of the public interface: what everything shares that asks a language model how probable
// tokens are.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "minillama/generate/decoder.h"
#include "minillama/text/token_ids.h"

namespace minillama {

/// Throws OptionError if there is no model, or it is not causal: under full attention a token that
/// is scored would see itself.
void require_scorer(const DecoderSource& model);

/// The same, and unless each sequence fits the model's context and holds ids of its vocabulary.
void require_scorable(const DecoderSource& model, std::span<const TokenIds> sequences);

/// Divides sequences into batches that go through the model together (text/batches.h), for so many
/// workers at the same time: lists of indices, the longest first.
std::vector<std::vector<std::size_t>> scoring_batches(std::span<const std::int64_t> lengths,
                                                      std::int64_t workers);

/// Divides the sequences into batches that go through the model together (text/batches.h) and calls
/// `score` with each, a list of indices, the longest sequence first: on several threads at the same
/// time if the model allows it. Throws OptionError if a sequence is empty.
void for_each_batch(const DecoderSource& model, std::span<const TokenIds> sequences,
                    const std::function<void(const std::vector<std::size_t>& batch)>& score);

}  // namespace minillama
