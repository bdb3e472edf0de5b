#include "minillama/core/check.h"

#include <algorithm>
#include <limits>
#include <string>

#include <fmt/ranges.h>

namespace minillama {
namespace {

[[noreturn]] void fail(const torch::Tensor& x, std::string_view name, std::string_view wanted) {
  throw OptionError(fmt::format("{} is {}, must be {}", name, describe(x), wanted));
}

std::string to_string(std::initializer_list<std::int64_t> shape) {
  std::string text;
  for (const auto size : shape) {
    text += text.empty() ? "" : ", ";
    text += size == kAny ? "any" : fmt::format("{}", size);
  }
  return "[" + text + "]";
}

std::string_view name_of(torch::ScalarType type) {
  switch (type) {
    case torch::kLong:
      return "int64";
    case torch::kInt:
      return "int32";
    case torch::kFloat:
      return "float32";
    case torch::kDouble:
      return "float64";
    default:
      return torch::toString(type);
  }
}

/// The first id outside of [first, end), or null.
const std::int64_t* find_outside(const torch::Tensor& ids, std::int64_t first, std::int64_t end) {
  const auto* begin = ids.data_ptr<std::int64_t>();
  // One comparison for both ends.
  const auto count = static_cast<std::uint64_t>(end - first);
  const auto* found = std::find_if(begin, begin + ids.numel(), [=](std::int64_t id) {
    return static_cast<std::uint64_t>(id) - static_cast<std::uint64_t>(first) >= count;
  });
  return found == begin + ids.numel() ? nullptr : found;
}

}  // namespace

std::string describe(const torch::Tensor& x) {
  if (!x.defined()) return "undefined";
  return fmt::format("{} [{}]", name_of(x.scalar_type()), fmt::join(x.sizes(), ", "));
}

void require_shape(const torch::Tensor& x, std::string_view name,
                   std::initializer_list<std::int64_t> shape) {
  const auto fits = [](std::int64_t wanted, std::int64_t size) {
    return wanted == kAny || wanted == size;
  };
  if (!x.defined() ||
      !std::equal(shape.begin(), shape.end(), x.sizes().begin(), x.sizes().end(), fits)) {
    fail(x, name, to_string(shape));
  }
}

void require_width(const torch::Tensor& x, std::string_view name, std::int64_t width) {
  if (!x.defined() || x.dim() == 0 || x.size(-1) != width) {
    fail(x, name, fmt::format("[…, {}]", width));
  }
}

void require_device(const torch::Tensor& x, std::string_view name, torch::Device device) {
  if (!x.defined()) fail(x, name, "defined");
  if (x.device() == device) return;
  throw OptionError(
      fmt::format("{} is on {}, must be on {}", name, x.device().str(), device.str()));
}

void require_ids(const torch::Tensor& ids, std::string_view name, std::int64_t first,
                 std::int64_t end) {
  if (!ids.defined() || ids.scalar_type() != torch::kLong || ids.layout() != torch::kStrided) {
    fail(ids, name, "int64");
  }
  if (ids.numel() == 0) return;
  std::int64_t outside = 0;
  if (ids.is_cpu()) {
    const auto dense = ids.contiguous();
    const auto* found = find_outside(dense, first, end);
    if (found == nullptr) return;
    outside = *found;
  } else {
    const auto smallest = ids.min(), largest = ids.max();
    const auto both = torch::stack({smallest, largest}).cpu();
    const auto* found = find_outside(both, first, end);
    if (found == nullptr) return;
    outside = *found;
  }
  throw OptionError(
      fmt::format("{} holds {}, must lie between {} and {}", name, outside, first, end - 1));
}

void require_generator(const torch::Generator& generator) {
  if (!generator.defined()) throw OptionError("generator is undefined, must be one of the CPU");
  if (generator.device().is_cpu()) return;
  throw OptionError(
      fmt::format("generator is one of {}, must be one of the CPU", generator.device().str()));
}

}  // namespace minillama
