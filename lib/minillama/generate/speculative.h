#pragma once

// Not part of the public interface: a strategy of generate/decode.h, sampling with drafters.

#include <cstddef>
#include <memory>

#include "minillama/generate/decoding_strategy.h"
#include "minillama/generate/drafter.h"

namespace minillama {

bool is_speculative(const DecodingOptions& decoding);

void check_speculative(const DecodingOptions& decoding, const GenerationOptions& options,
                       const ModelConfig& config);

/// What guesses behind a prompt of so many tokens; null if nothing was asked for.
std::unique_ptr<Drafter> make_drafter(const DecodingTask& task, std::size_t prompt);

}  // namespace minillama
