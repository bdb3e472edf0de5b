#include "common/module_arguments.h"

#include "minillama/core/device.h"

namespace minillama::app {

ModuleArguments read_module_arguments(const Arguments& arguments,
                                      const std::string& default_model) {
  ModuleArguments out{read_model_arguments(arguments, default_model), {}};
  set_threads_of(arguments);
  set_threads(threads());
  out.load.attention = out.open.attention;
  out.load.config = out.open.config;
  out.load.device = parse_device(out.device);
  return out;
}

}  // namespace minillama::app
