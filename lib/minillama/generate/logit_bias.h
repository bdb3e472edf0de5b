#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

namespace minillama {

/// Adds the bias of each token in options.logit_bias to its logit:
///
///     logit + bias
///
/// Null if there are none.
std::unique_ptr<LogitsProcessor> make_logit_bias(const GenerationOptions& options);

}  // namespace minillama
