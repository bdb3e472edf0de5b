#pragma once

#include "common/arguments.h"
#include "common/classify.h"

namespace minillama::app {

// What --help says of training a classifier, which a program that knows no LibTorch says too. What
// the options come to, read_training_arguments() says (common/training_arguments.h).

/// Declares the options about how it is trained.
void add_training_options(Arguments& arguments, const Dataset& dataset);

/// Declares those about what is made smaller, and about the weights that come of it.
void add_objective_options(Arguments& arguments);

}  // namespace minillama::app
