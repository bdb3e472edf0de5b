#pragma once

// Not part of the public interface: a strategy of generate/decode.h.

#include "minillama/generate/decoding_strategy.h"

namespace minillama {

void check_sampling(const DecodingOptions& decoding, const GenerationOptions& options,
                    const ModelConfig& config);

/// Chooses token after token (generate/scheduler.h), of all prompts and continuations side by side.
std::vector<std::vector<Generation>> sample(const DecodingTask& task);

}  // namespace minillama
