#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "minillama/io/bytes.h"
#include "minillama/io/dtype.h"

namespace minillama {

/// More dimensions than any tensor of a checkpoint has; a file with more is refused.
inline constexpr std::size_t kMaxRank = 16;

/// Where one tensor of a file lies, and how to read it. Element (i, j, …) starts at byte
/// (i * strides[0] + j * strides[1] + …) * byte_size(dtype) of `data`; of blocks, all lie row-major
/// at its start. The bytes belong to the file
/// object the record came from, and may have any alignment.
struct TensorRecord {
  std::string name = {};
  DType dtype = DType::float32;
  std::vector<std::int64_t> shape = {};
  std::vector<std::int64_t> strides = {};  ///< in elements, as many as `shape` has
  Bytes data = {};                         ///< the storage, from the first element on
  bool is_mapped = false;                  ///< whether `data` is a MappedFile's
};

/// Product of a checked record's shape.
std::int64_t element_count(const TensorRecord& record);

/// Strides of a dense row-major tensor: {6, 2, 1} for {4, 3, 2}.
std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape);

/// Throws FileError unless `record` (from `path`) has at most kMaxRank dimensions, as many strides,
/// none of them negative, every element inside `data`, and no more elements than `data` has room
/// for. So whoever copies a tensor allocates no more than the file's size.
void check_tensor(const TensorRecord& record, const std::filesystem::path& path);

/// Whether the elements of a checked record lie row-major without gaps at the start of `data`.
bool is_contiguous(const TensorRecord& record);

/// Copies the elements of a checked record to `out` in row-major order. `out` must have room for
/// element_count(record) * byte_size(record.dtype) bytes.
void copy_elements(const TensorRecord& record, std::byte* out);

}  // namespace minillama
