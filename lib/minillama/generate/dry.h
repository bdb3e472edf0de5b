#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

namespace minillama {

/// DRY, "don't repeat yourself" (Weidmann 2024, text-generation-webui's pull request 5677). A token
/// is penalized that came behind the same n tokens, prompt included, as the sequence ends with:
///
///     logit - multiplier * base^(n - allowed_length)     n >= allowed_length
///
/// where n is the largest of all places where it came. A repetition has no breaker in it, and a
/// breaker itself is never penalized. One pass over the sequence (Gusfield's Z algorithm). Null if
/// options.dry_multiplier is 0.
std::unique_ptr<LogitsProcessor> make_dry(const GenerationOptions& options);

}  // namespace minillama
