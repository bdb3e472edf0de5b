#include "minillama/io/tensor_record.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

/// a * b for non-negative numbers, or INT64_MAX if that is too small for it.
std::int64_t saturating_product(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

bool has_negative(const std::vector<std::int64_t>& numbers) {
  return std::any_of(numbers.begin(), numbers.end(), [](std::int64_t n) { return n < 0; });
}

}  // namespace

std::int64_t element_count(const TensorRecord& record) {
  std::int64_t count = 1;
  for (const std::int64_t size : record.shape) count *= size;
  return count;
}

std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride = saturating_product(stride, std::max<std::int64_t>(shape[i], 1));
  }
  return strides;
}

void check_tensor(const TensorRecord& record, const std::filesystem::path& path) {
  const auto fail = [&](std::string_view problem) {
    throw FileError(path, fmt::format("tensor {}: {}", quote(record.name), problem));
  };
  const auto& [shape, strides] = std::tie(record.shape, record.strides);
  if (shape.size() > kMaxRank) {
    fail(fmt::format("{} dimensions, more than {}", shape.size(), kMaxRank));
  }
  if (strides.size() != shape.size()) {
    fail(fmt::format("{} strides for {} dimensions", strides.size(), shape.size()));
  }
  if (has_negative(shape)) fail(fmt::format("negative size in shape {}", shape));
  if (has_negative(strides)) fail(fmt::format("negative stride in {}", strides));

  // The product over the sizes that are not 0 bounds every partial product that anybody forms.
  std::int64_t count = 1;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    count = saturating_product(count, std::max<std::int64_t>(shape[i], 1));
    last = saturating_sum(last,
                          saturating_product(std::max<std::int64_t>(shape[i], 1) - 1, strides[i]));
  }
  const bool is_empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  if (is_empty) {
    if (count == INT64_MAX) fail(fmt::format("shape {} overflows", shape));
    return;
  }
  const auto room = static_cast<std::int64_t>(record.data.size() / byte_size(record.dtype) *
                                              block_size(record.dtype));
  if (last >= room) {
    fail(fmt::format("shape {} with strides {} of {} needs more than the {} bytes stored", shape,
                     strides, to_string(record.dtype), record.data.size()));
  }
  if (count > room) {
    fail(fmt::format("shape {} with strides {} repeats elements", shape, strides));
  }
}

bool is_contiguous(const TensorRecord& record) {
  const std::vector<std::int64_t> dense = contiguous_strides(record.shape);
  for (std::size_t i = 0; i < dense.size(); ++i) {
    // The stride of a dimension of size 1 (or 0) addresses nothing.
    if (record.shape[i] > 1 && record.strides[i] != dense[i]) return false;
  }
  return true;
}

void copy_elements(const TensorRecord& record, std::byte* out) {
  const std::size_t size = byte_size(record.dtype);
  const std::int64_t count = element_count(record);
  if (count == 0) return;
  if (is_contiguous(record)) {
    std::memcpy(out, record.data.data(), storage_size(record.dtype, count));
    return;
  }
  // Counts through the indices like an odometer, the last one fastest.
  std::vector<std::int64_t> index(record.shape.size());
  std::int64_t offset = 0;
  for (std::int64_t n = 0; n < count; ++n, out += size) {
    std::memcpy(out, record.data.data() + static_cast<std::size_t>(offset) * size, size);
    for (std::size_t i = index.size(); i-- > 0;) {
      offset += record.strides[i];
      if (++index[i] < record.shape[i]) break;
      offset -= index[i] * record.strides[i];
      index[i] = 0;
    }
  }
}

}  // namespace minillama
