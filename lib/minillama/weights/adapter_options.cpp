#include "minillama/weights/adapter_options.h"

#include <algorithm>

#include <fmt/format.h>

namespace minillama {

std::vector<std::int64_t> AdapterTensor::shape_beside(std::int64_t rows, std::int64_t cols) const {
  auto beside = shape;
  std::ranges::replace(beside, kMatrixRows, rows);
  std::ranges::replace(beside, kMatrixCols, cols);
  return beside;
}

bool names_linear(std::string_view target, std::string_view full_name) {
  if (!full_name.ends_with(target)) return false;
  full_name.remove_suffix(target.size());
  return full_name.empty() || full_name.ends_with('.');
}

bool adapts(const AdapterOptions& options, std::string_view full_name) {
  return std::ranges::any_of(options.targets(), [&](const std::string& target) {
    return names_linear(target, full_name);
  });
}

bool is_adapter_parameter(std::string_view name) {
  // What follows a linear's name is "weight" of its own and "<adapter>.<tensor>" of an adapter.
  return std::ranges::any_of(matrix_parts(), [&](const MatrixPart& part) {
    const auto linear = fmt::format(".{}.", part.name);
    const auto found = name.find(linear);
    return found != name.npos && name.find('.', found + linear.size()) != name.npos;
  });
}

}  // namespace minillama
