#pragma once

// Not part of the public interface: a strategy of generate/decode.h.

#include "minillama/generate/decoding_strategy.h"

namespace minillama {

void check_contrastive_search(const DecodingOptions& decoding, const GenerationOptions& options,
                              const ModelConfig& config);

/// Contrastive search (Su et al. 2022, "A Contrastive Framework for Neural Text Generation",
/// arXiv:2202.06417, section 3.3): of the top_k most probable tokens, behind the processors, takes
/// the one with the largest
///     (1 − α) p(v) − α max_j cos(h_v, h_j),  α = penalty_alpha,
/// h_v the hidden state that the model has of the token at the end of the text, h_j those of all
/// tokens before it, prompt included. Each prompt is for itself; its candidates go through the
/// model side by side.
std::vector<std::vector<Generation>> contrastive_search(const DecodingTask& task);

}  // namespace minillama
