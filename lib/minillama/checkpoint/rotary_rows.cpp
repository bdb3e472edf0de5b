#include "minillama/checkpoint/rotary_rows.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/weights/weights.h"

namespace minillama {

std::int64_t rotary_heads(std::string_view name, const ModelConfig& config) {
  for (const auto& part : matrix_parts()) {
    if (part.rotary_heads != nullptr && name.find(fmt::format(".{}.", part.name)) != name.npos) {
      return part.rotary_heads(config);
    }
  }
  for (const auto& part : norm_parts()) {
    const bool is_of_heads = part.is_present != nullptr;
    if (is_of_heads && name.find(fmt::format(".{}.", part.name)) != name.npos) return 1;
  }
  return 0;
}

std::int64_t rotary_heads_of_adapter(std::string_view name, const AdapterOptions& options,
                                     const ModelConfig& config) {
  const auto tensors = options.tensors(name.substr(0, name.rfind('.')));
  const bool has_rows = std::ranges::any_of(tensors, [&](const AdapterTensor& tensor) {
    return tensor.shape.front() == kMatrixRows && name.ends_with(fmt::format(".{}", tensor.name));
  });
  return has_rows ? rotary_heads(name, config) : 0;
}

TensorRecord reorder_rows(const TensorRecord& record, std::int64_t heads, RotaryRows order,
                          std::vector<std::byte>& memory, const std::filesystem::path& path) {
  if (record.shape.empty() || record.shape[0] % (2 * heads) != 0) {
    throw FileError(path, fmt::format("tensor {}: its rows cannot be divided among {} heads",
                                      quote(record.name), heads));
  }
  memory.resize(storage_size(record.dtype, element_count(record)));
  TensorRecord copy = record;
  copy.strides = contiguous_strides(record.shape);
  copy.data = memory;
  copy.is_mapped = false;
  if (memory.empty()) return copy;
  std::vector<std::byte> dense(memory.size());
  copy_elements(record, dense.data());

  const auto rows = static_cast<std::size_t>(record.shape[0]);
  const std::size_t row_size = memory.size() / rows;
  const std::size_t head = rows / static_cast<std::size_t>(heads);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t first = row / head * head;
    const std::size_t pair = (row - first) / 2;
    const std::size_t second = (row - first) % 2;
    const std::size_t in_halves = first + second * (head / 2) + pair;
    const auto [from, to] =
        order == RotaryRows::halves ? std::pair(row, in_halves) : std::pair(in_halves, row);
    std::memcpy(memory.data() + to * row_size, dense.data() + from * row_size, row_size);
  }
  return copy;
}

}  // namespace minillama
