#pragma once

#include <string>
#include <vector>

#include "minillama/generate/generation_options.h"
#include "minillama/text/tokenizer.h"

#include "common/arguments.h"
#include "common/option_rules.h"

namespace minillama::app {

/// Declares the options about how tokens are chosen, in groups of their own.
void add_sampling_arguments(Arguments& arguments);

/// The names of these options.
std::vector<std::string> sampling_options();

/// Those of them that have no effect at temperature 0.
std::vector<std::string> drawing_options();

/// What they go with.
std::vector<OptionRule> sampling_rules();

/// Reads those that need no tokenizer.
GenerationOptions read_sampling_options(const Arguments& arguments);

/// Reads the others, which are about words, and constraints, and adds them to `options`.
GenerationOptions with_word_arguments(const Arguments& arguments, GenerationOptions options,
                                      const Tokenizer& tokenizer);

/// With --verbose: tells how tokens are chosen.
void report_sampling(const Arguments& arguments, const GenerationOptions& options);

}  // namespace minillama::app
