#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

namespace minillama {

/// Rules out the tokens that end the text until options.min_new_tokens are written. Null if that is
/// 0.
std::unique_ptr<LogitsProcessor> make_min_new_tokens(const GenerationOptions& options);

}  // namespace minillama
