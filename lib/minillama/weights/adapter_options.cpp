#include "minillama/weights/adapter_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

std::vector<std::int64_t> AdapterTensor::shape_beside(std::int64_t rows, std::int64_t cols) const {
  auto beside = shape;
  std::ranges::replace(beside, kMatrixRows, rows);
  std::ranges::replace(beside, kMatrixCols, cols);
  return beside;
}

bool adapts(const AdapterOptions& options, std::string_view full_name) {
  return std::ranges::any_of(options.targets(), [&](const std::string& target) {
    return names_linear(target, full_name);
  });
}

void require_exceptions(const AdapterOptions& options, const std::vector<std::string>& adapted) {
  for (const auto& exception : options.exceptions()) {
    const bool is_of_one = std::ranges::any_of(
        adapted, [&](const std::string& linear) { return names_linear(exception, linear); });
    if (is_of_one) continue;
    throw OptionError(fmt::format("{}: {} is the name of no linear that gets an adapter",
                                  options.kind(), quote(exception)));
  }
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
