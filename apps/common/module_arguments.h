#pragma once

#include <string>

#include "minillama/model/language_model_file.h"

#include "common/model_arguments.h"

namespace minillama::app {

/// The options about the model and the machine for apps that need it as a module.
struct ModuleArguments : ModelArguments {
  LoadOptions load;
};

/// Reads them and sets the number of threads, LibTorch's, too.
ModuleArguments read_module_arguments(const Arguments& arguments, const std::string& default_model);

}  // namespace minillama::app
