#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

namespace minillama {

/// Presence and frequency penalties as OpenAI's interface defines them, of a token that was written
/// n > 0 times already; the prompt's tokens do not count:
///
///     logit - presence_penalty - n * frequency_penalty
///
/// Null if both are 0.
std::unique_ptr<LogitsProcessor> make_count_penalties(const GenerationOptions& options);

}  // namespace minillama
