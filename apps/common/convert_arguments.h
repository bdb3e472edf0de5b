#pragma once

#include "common/arguments.h"

namespace minillama::app {

/// Declares the options of the app that converts models.
Arguments declare_convert_arguments();

/// Throws OptionError if an option was given that has no effect beside the others, or --to or
/// --dtype name none of their choices.
void check_convert_arguments(const Arguments& arguments);

/// Whether nothing is to be converted, but --info, --tokenize or --detokenize to be answered.
bool looks_inside(const Arguments& arguments);

}  // namespace minillama::app
