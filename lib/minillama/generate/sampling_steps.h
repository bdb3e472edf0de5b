#pragma once

#include <memory>
#include <string>
#include <vector>

#include "minillama/generate/distribution_filter.h"
#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

// The steps by which a token is chosen, in one order that the tables in sampling_steps.cpp state:
// processors on logits, temperature and softmax, filters on the distribution, a draw.

namespace minillama {

/// The processors that the options ask for, in the order in which they apply.
std::vector<std::unique_ptr<LogitsProcessor>> make_processors(const GenerationOptions& options);

/// The filters that the options ask for, in the order in which they apply. Each is given what the
/// one before left over.
std::vector<std::unique_ptr<DistributionFilter>> make_filters(const GenerationOptions& options);

/// The names of all steps, in order.
std::vector<std::string> sampling_steps();

/// The steps that the options ask for, in order, with their settings: "top-k 40".
std::vector<std::string> sampling_steps(const GenerationOptions& options);

}  // namespace minillama
