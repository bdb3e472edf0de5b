#include "minillama/io/gguf.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/ggml_type.h"

namespace minillama {
namespace {

constexpr std::size_t kMaxDimensions = 4;
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kLargestAlignment = std::uint64_t{1} << 20;

DType tensor_type(std::uint32_t number, std::string_view name, const std::filesystem::path& path) {
  const auto* type = find_ggml_type(number);
  if (type != nullptr && type->dtype) return *type->dtype;
  throw FileError(
      path,
      fmt::format("tensor {}: is of ggml type {}{}, which is not supported; {} are", quote(name),
                  number, type == nullptr ? "" : fmt::format(" ({})", type->name),
                  read_ggml_types()));
}

}  // namespace

GgufFile::GgufFile(std::filesystem::path path) : GgufMetadata(std::move(path)) {
  ByteReader reader(file_.bytes(), file_.path());
  reader.seek(end_);
  read_tensors(reader);
}

void GgufFile::read_tensors(ByteReader& reader) {
  std::set<std::string_view> names;
  std::vector<std::uint64_t> offsets;
  for (std::uint64_t i = 0; i < n_tensors_; ++i) {
    const std::string_view name = read_gguf_string(reader);
    TensorRecord tensor{.name = std::string(name)};
    const auto refuse = [&](std::string_view problem) {
      throw FileError(path(), fmt::format("tensor {}: {}", quote(name), problem));
    };
    if (!names.insert(name).second) refuse("is there twice");
    const auto n_dimensions = reader.read<std::uint32_t>();
    if (n_dimensions > kMaxDimensions) refuse(fmt::format("has {} dimensions", n_dimensions));
    // Every element of every dimension is at least a byte of the file, or nearly.
    std::int64_t elements = 1;
    for (std::uint32_t k = 0; k < n_dimensions; ++k) {
      const auto size = reader.read<std::uint64_t>();
      // No type takes less than a bit for an element.
      if (size == 0 || size / 8 > file_.bytes().size() ||
          __builtin_mul_overflow(elements, static_cast<std::int64_t>(size), &elements)) {
        refuse(fmt::format("has a dimension of {}", size));
      }
      tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(size));
    }
    tensor.dtype = tensor_type(reader.read<std::uint32_t>(), name, path());
    tensor.strides = contiguous_strides(tensor.shape);
    const auto block = static_cast<std::int64_t>(block_size(tensor.dtype));
    if (block > 1 && (tensor.shape.empty() || tensor.shape.back() % block != 0)) {
      refuse(fmt::format("is of type {}, but its rows are no multiple of {}",
                         find_ggml_type(tensor.dtype)->name, block));
    }
    if (static_cast<std::size_t>(elements / block) >
        file_.bytes().size() / byte_size(tensor.dtype)) {
      refuse(fmt::format("has {} elements, more than the file has bytes for", elements));
    }
    offsets.push_back(reader.read<std::uint64_t>());
    tensors_.push_back(std::move(tensor));
  }
  place_tensors(reader, offsets);
}

void GgufFile::place_tensors(ByteReader& reader, const std::vector<std::uint64_t>& offsets) {
  const std::int64_t alignment =
      has("general.alignment") ? integer("general.alignment") : kDefaultAlignment;
  if (alignment < 8 || alignment > static_cast<std::int64_t>(kLargestAlignment) ||
      (alignment & (alignment - 1)) != 0) {
    fail("general.alignment", fmt::format("is {}, must be a power of 2 from 8 on", alignment));
  }
  if (tensors_.empty()) return;
  const auto step = static_cast<std::uint64_t>(alignment);
  reader.seek((reader.offset() + step - 1) / step * step);
  const Bytes data = reader.rest();

  std::vector<std::size_t> order(tensors_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return offsets[a] < offsets[b]; });
  std::uint64_t end = 0;
  for (const std::size_t i : order) {
    TensorRecord& tensor = tensors_[i];
    const std::uint64_t size = storage_size(tensor.dtype, element_count(tensor));
    const std::uint64_t begin = offsets[i];
    if (begin % step != 0 || begin < end || begin > data.size() || size > data.size() - begin) {
      throw FileError(path(), fmt::format("tensor {}: {} bytes at offset {} are not aligned to {}, "
                                          "overlap another tensor, or leave the {} bytes of data",
                                          quote(tensor.name), size, begin, step, data.size()));
    }
    tensor.data = data.subspan(begin, size);
    tensor.is_mapped = true;
    end = begin + size;
  }
}

}  // namespace minillama
