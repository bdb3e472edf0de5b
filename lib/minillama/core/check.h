#pragma once

// Not part of the public interface: how public functions check the tensors they are given, before
// memory is touched. Each throws OptionError naming the argument, what it is and what it must be.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include <fmt/format.h>
#include <torch/types.h>

#include "minillama/core/error.h"
#include "minillama/core/require.h"

namespace minillama {

/// A size in a shape that may be anything.
inline constexpr std::int64_t kAny = -1;

/// Throws "<name> is empty" if a module's holder holds none.
template <typename Holder>
void require_module(const Holder& holder, std::string_view name) {
  if (holder.is_empty()) throw OptionError(fmt::format("{} is empty: it holds no module", name));
}

/// Throws unless `x` is defined and has these sizes.
void require_shape(const torch::Tensor& x, std::string_view name,
                   std::initializer_list<std::int64_t> shape);

/// Throws unless `x` is defined and its last dimension has that size.
void require_width(const torch::Tensor& x, std::string_view name, std::int64_t width);

/// Throws unless `x` is defined and on that device.
void require_device(const torch::Tensor& x, std::string_view name, torch::Device device);

/// Throws unless `ids` is int64 and every id lies in [first, end). On CUDA that waits for the ids
/// to be there, once for each call that takes some.
void require_ids(const torch::Tensor& ids, std::string_view name, std::int64_t first,
                 std::int64_t end);

/// Throws unless it is a generator of the CPU, which all chance comes from.
void require_generator(const torch::Generator& generator);

/// "int64 [2, 3]", "undefined".
std::string describe(const torch::Tensor& x);

}  // namespace minillama
