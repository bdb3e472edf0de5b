#pragma once

#include <memory>
#include <string>
#include <vector>

#include "minillama/grammar/constraint.h"

#include "common/arguments.h"
#include "common/option_rules.h"

namespace minillama::app {

/// Declares the options about which texts may be written, in a group of their own.
void add_constraint_arguments(Arguments& arguments);

/// The names of these options.
std::vector<std::string> constraint_options();

/// What they go with.
std::vector<OptionRule> constraint_rules();

/// What they ask for; null if nothing. Throws OptionError, FileError if a file holds no schema.
std::shared_ptr<const Constraint> read_constraint(const Arguments& arguments,
                                                  const Tokenizer& tokenizer);

}  // namespace minillama::app
