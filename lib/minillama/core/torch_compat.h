#pragma once

// What differs between the versions of LibTorch that minillama compiles with (1.13 to 2.15).

#include <optional>

#include <torch/optim/optimizer.h>
#include <torch/version.h>

namespace minillama {

/// The key under which torch::optim::Optimizer::state() keeps what belongs to a parameter: the
/// address of its TensorImpl, written as text in LibTorch 1, a pointer in LibTorch 2.
inline auto optimizer_state_key(const torch::Tensor& parameter) {
#if TORCH_VERSION_MAJOR < 2
  return c10::guts::to_string(parameter.unsafeGetTensorImpl());
#else
  return parameter.unsafeGetTensorImpl();
#endif
}

/// How an autograd function takes a tensor that may be undefined.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
using OptionalTensor = std::optional<torch::Tensor>;
#else
using OptionalTensor = c10::optional<torch::Tensor>;
#endif

inline OptionalTensor to_optional(const torch::Tensor& x) {
  return x.defined() ? OptionalTensor(x) : OptionalTensor();
}

inline torch::Tensor from_optional(const OptionalTensor& x) {
  return x ? *x : torch::Tensor();
}

}  // namespace minillama
