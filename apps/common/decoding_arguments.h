#pragma once

#include <string>
#include <vector>

#include "minillama/generate/text_generator.h"

#include "common/arguments.h"
#include "common/option_rules.h"

namespace minillama::app {

/// Declares the options about strategies, in a group of their own.
void add_decoding_arguments(Arguments& arguments);

/// The names of these options.
std::vector<std::string> decoding_options();

/// What they go with.
std::vector<OptionRule> decoding_rules(const Arguments& arguments);

/// Whether beam search was asked for, which ranks whole texts.
bool is_beam_search(const Arguments& arguments);

/// Whether a strategy was asked for that draws nothing.
bool draws_nothing(const Arguments& arguments);

/// Reads them, and loads the draft model if there is one. Throws OptionError if they do not go with
/// `options` or the model, FileError.
DecodingOptions read_decoding_options(const Arguments& arguments, const TextGenerator& generator,
                                      const GenerationOptions& options);

}  // namespace minillama::app
