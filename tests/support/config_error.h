#pragma once

#include <string>

#include "minillama/core/error.h"
#include "minillama/core/model_config.h"

namespace minillama::test {

/// What is wrong with a config, or "accepted".
inline std::string config_error(const ModelConfig& config) {
  try {
    config.resolved();
  } catch (const OptionError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace minillama::test
