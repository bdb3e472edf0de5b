#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

namespace minillama {

/// Rules out the tokens behind which options.constraint allows no text, or none that there is room
/// for, and those that end the text where it is not complete. Null if there is no constraint.
std::unique_ptr<LogitsProcessor> make_constraint_mask(const GenerationOptions& options);

}  // namespace minillama
