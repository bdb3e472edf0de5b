#pragma once

#include <functional>

#include "minillama/generate/text_generator.h"

#include "common/model_arguments.h"

namespace minillama::app {

/// What differs between the programs that continue texts.
struct GenerateProgram {
  /// Makes the model that was asked for.
  std::function<TextGenerator(const Arguments& arguments, const ModelArguments& model)> load;
  /// Becomes another program if that is the one for the model; called before any text is read.
  std::function<void(const ModelArguments& model)> choose = {};
};

/// The app that continues texts, whatever computes them.
void generate(int argc, char** argv, const GenerateProgram& program);

}  // namespace minillama::app
