#pragma once

// Not part of the public interface: when the hand-written kernels (kernels/) compute a layer, and
// how they reach the memory of tensors.

#include <algorithm>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>
#include <torch/types.h>

#include "minillama/core/error.h"
#include "minillama/core/thread_pool.h"
#include "minillama/kernels/element.h"

namespace minillama {

/// Whether the kernels take a tensor like this: float32 or bfloat16 on the CPU. Everything else is
/// computed with LibTorch's operations, which are the definition.
inline bool suits_kernels(const torch::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == torch::kFloat || x.scalar_type() == torch::kBFloat16);
}

/// For the start of a backward pass whose own derivative is not computed. Throws OptionError if the
/// pass is recorded (create_graph), since second derivatives would silently be wrong.
inline void refuse_second_derivative(std::string_view function) {
  if (!torch::GradMode::is_enabled()) return;
  throw OptionError(fmt::format(
      "{}: second derivatives are not computed (create_graph); a model in float64 and a "
      "loss of its logits have them",
      function));
}

/// The elements of a contiguous tensor, T float or kernels::BFloat16.
template <typename T>
T* elements(const torch::Tensor& x) {
  static_assert(sizeof(kernels::BFloat16) == sizeof(at::BFloat16));
  TORCH_INTERNAL_ASSERT(x.is_contiguous() &&
                        x.scalar_type() ==
                            (std::is_same_v<T, float> ? torch::kFloat : torch::kBFloat16));
  return static_cast<T*>(x.data_ptr());
}

/// Calls `body` with a value of the element type of `x`.
template <typename Body>
void with_element_type(const torch::Tensor& x, const Body& body) {
  if (x.scalar_type() == torch::kFloat) {
    body(float{});
  } else {
    body(kernels::BFloat16{});
  }
}

/// Divides [0, size) among the threads, in parts that are worth it: about so many elements, of
/// which each of `size` things has `width`.
template <typename Body>
void parallel_over(std::int64_t size, std::int64_t width, const Body& body) {
  constexpr std::int64_t kElements = std::int64_t{1} << 14;
  parallel_for(size, std::max<std::int64_t>(1, kElements / width), body);
}

}  // namespace minillama
