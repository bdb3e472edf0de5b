#pragma once

// What differs between the versions of LibTorch that minillama compiles with (1.13 to 2.14).

#include <string>
#include <type_traits>
#include <utility>

#include <torch/torch.h>

namespace minillama {

/// torch::optim::Optimizer::state() finds what belongs to a parameter by the address of its
/// TensorImpl: written as text in LibTorch 1, a pointer in LibTorch 2.
using OptimizerStateMap =
    std::remove_reference_t<decltype(std::declval<torch::optim::Optimizer&>().state())>;

template <typename Key = OptimizerStateMap::key_type>
Key optimizer_state_key(const torch::Tensor& parameter) {
  if constexpr (std::is_same_v<Key, std::string>) {
    return c10::guts::to_string(parameter.unsafeGetTensorImpl());
  } else {
    return parameter.unsafeGetTensorImpl();
  }
}

}  // namespace minillama
