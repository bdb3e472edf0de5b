#pragma once

#include <string>

#include "minillama/core/random.h"
#include "minillama/model/adapters.h"

namespace minillama::test {

/// Gives the adapter of that name parameters that all matter.
inline void fill_adapter(Llama& llama, const std::string& name) {
  const torch::NoGradGuard no_grad;
  auto generator = make_generator(8);
  for (const auto& [unused, parameter] : adapter_parameters(llama, name)) {
    parameter.normal_(0, 0.3, generator);
  }
}

}  // namespace minillama::test
