#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

namespace minillama {

/// Rules out the last token of each sequence in options.banned where the others stand in front of
/// it, be they the prompt's or written. Null if there are none.
std::unique_ptr<LogitsProcessor> make_banned_sequences(const GenerationOptions& options);

}  // namespace minillama
