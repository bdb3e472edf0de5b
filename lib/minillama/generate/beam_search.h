#pragma once

// Not part of the public interface: a strategy of generate/decode.h.

#include "minillama/generate/decoding_strategy.h"

namespace minillama {

void check_beam_search(const DecodingOptions& decoding, const GenerationOptions& options,
                       const ModelConfig& config);

/// Follows the num_beams texts that are most probable so far (Lowerre 1976, "The Harpy speech
/// recognition system"). The score of a text is the sum of its tokens' log-probabilities, behind
/// the processors, the one that ends it included, over its number of tokens to the power of
/// length_penalty; ends and early stopping are those of transformers' beam search.
///
/// In beam_groups groups of as many beams each (diverse beam search: Vijayakumar et al. 2016,
/// arXiv:1610.02424) a group takes diversity_penalty from the log-probability of a token for each
/// beam of the groups before that has just gone on with it.
///
/// Each prompt is for itself; its beams go through the model side by side.
std::vector<std::vector<Generation>> beam_search(const DecodingTask& task);

}  // namespace minillama
