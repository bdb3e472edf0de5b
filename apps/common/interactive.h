#pragma once

#include "minillama/generate/text_generator.h"

#include "common/arguments.h"
#include "common/model_arguments.h"

namespace minillama::app {

/// generate --interactive: a text that a person and the model write by turns, until there are no
/// more lines. Throws OptionError if the model or the prompt cannot be used.
void interact(const TextGenerator& generator, const Arguments& arguments,
              const ModelArguments& model);

}  // namespace minillama::app
