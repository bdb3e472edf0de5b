#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/distribution_filter.h"
#include "minillama/generate/generation_options.h"

namespace minillama {

/// Mirostat 2.0 (Basu et al. 2020, arXiv:2007.14966): drops tokens whose surprise -log2(p) is above
/// mu (the most probable one stays), and goes on, when a token x was chosen, with
///
///     mu - rate * (surprise(x) - target)
///
/// where the surprise is that before anything was dropped, the target options.mirostat and mu at
/// the beginning twice that. Null if options.mirostat is 0.
std::unique_ptr<DistributionFilter> make_mirostat(const GenerationOptions& options);

}  // namespace minillama
