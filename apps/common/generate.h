#pragma once

#include <functional>

#include "minillama/generate/text_generator.h"

#include "common/model_arguments.h"

namespace minillama::app {

/// Makes the model that was asked for.
using LoadGenerator =
    std::function<TextGenerator(const Arguments& arguments, const ModelArguments& model)>;

/// The app that continues texts, whatever computes them.
void generate(int argc, char** argv, const LoadGenerator& load);

}  // namespace minillama::app
