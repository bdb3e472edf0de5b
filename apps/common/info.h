#pragma once

#include "common/model_arguments.h"

namespace minillama::app {

/// Prints what a checkpoint is: a table for people, or one JSON object. Throws FileError if it
/// cannot be opened; a tokenizer that is missing is part of the answer.
void print_info(const ModelArguments& model, bool json);

}  // namespace minillama::app
