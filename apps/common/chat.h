#pragma once

#include "minillama/generate/text_generator.h"

#include "common/arguments.h"
#include "common/model_arguments.h"

namespace minillama::app {

/// Talks with a model: answers each --prompt, or each line of --file or of standard input, until
/// there are no more. Throws FileError if the model's files have no chat template of a known kind.
void chat(const TextGenerator& generator, const Arguments& arguments, const ModelArguments& model);

}  // namespace minillama::app
