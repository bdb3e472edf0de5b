#pragma once

#include <string>

#include "common/arguments.h"
#include "common/classify.h"
#include "common/module_arguments.h"

namespace minillama::app {

/// --option finetune and lora: trains a classifier, once or with several seeds, and evaluates the
/// best epoch's. `program` is what it is called. Throws Interrupted after a signal that ends
/// programs, when the state is saved.
void fine_tune(const std::string& program, const Arguments& arguments, const ModuleArguments& model,
               const Dataset& dataset);

}  // namespace minillama::app
