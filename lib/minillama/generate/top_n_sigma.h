#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

namespace minillama {

/// Top-n-sigma (Tang et al. 2024, arXiv:2411.07641): rules out tokens whose logit is below
///
///     max - n * sigma
///
/// where sigma is the standard deviation of the logits that are not ruled out. The temperature
/// changes nothing about that. Null if options.top_n_sigma is 0.
std::unique_ptr<LogitsProcessor> make_top_n_sigma(const GenerationOptions& options);

}  // namespace minillama
