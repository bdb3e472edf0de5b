#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/distribution_filter.h"
#include "minillama/generate/generation_options.h"

namespace minillama {

/// Exclude top choices (Weidmann 2024, text-generation-webui's pull request 6335): with the
/// probability options.xtc_probability, drops all tokens with a probability of at least
/// options.xtc_threshold but the least probable of them (of equal ones that with the highest id).
/// Draws one number a token. Null if options.xtc_probability is 0.
std::unique_ptr<DistributionFilter> make_xtc(const GenerationOptions& options);

}  // namespace minillama
