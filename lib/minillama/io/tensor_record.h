#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/io/bytes.h"

namespace minillama {

/// The element types that checkpoints store.
enum class DType {
  float64,
  float32,
  float16,
  bfloat16,
  int64,
  int32,
  int16,
  int8,
  uint8,
  boolean,
  q8_0,  ///< blocks of 32: a float16 scale d and 32 int8 q; an element is d q (GGUF)
  q4_0,  ///< blocks of 32: a float16 scale d and 32 numbers q of four bits; d (q - 8) (GGUF)
};

/// Elements in a block, which are stored together: 1 of most types. The last dimension of a tensor
/// is a multiple of it.
std::size_t block_size(DType dtype);

/// Bytes of a block: of an element, of most types.
std::size_t byte_size(DType dtype);

/// Bytes of so many elements, a multiple of the block.
std::size_t storage_size(DType dtype, std::int64_t elements);

/// "float32", "bool", …: PyTorch's names.
std::string_view to_string(DType dtype);

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
