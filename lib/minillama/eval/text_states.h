#pragma once

#include <span>
#include <vector>

#include "minillama/generate/decoder.h"
#include "minillama/text/token_ids.h"

namespace minillama {

/// What a language model makes of whole texts: the hidden states [texts, D], behind the final norm,
/// of the last token of each. Throws OptionError if the model is not causal, or a sequence is
/// empty, longer than max_seq_len or holds an id outside the vocabulary.
std::vector<float> last_states(const DecoderSource& model, std::span<const TokenIds> sequences);

}  // namespace minillama
