#pragma once

#include <vector>

#include "minillama/weights/adapter_options.h"

#include "common/arguments.h"
#include "common/option_rules.h"

namespace minillama::app {

/// The options about the adapters that --option lora trains.
void add_adapter_arguments(Arguments& arguments);

/// What they go with.
std::vector<OptionRule> adapter_rules();

/// What was given or, by default, ours or in the compatible mode the reference's. Throws
/// OptionError naming the option.
AdapterOptions read_adapter_arguments(const Arguments& arguments, bool compatible);

}  // namespace minillama::app
