#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/byte_writer.h"
#include "minillama/io/ggml_type.h"
#include "minillama/io/gguf.h"

namespace minillama {
namespace {

constexpr std::uint32_t kVersion = 3;
constexpr std::uint64_t kAlignment = 32;

std::uint64_t aligned(std::uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}

void write_string(ByteWriter& out, std::string_view text) {
  out.write(static_cast<std::uint64_t>(text.size()));
  out.write_text(text);
}

// One overload for each alternative of GgufValue: its type's number, and the value.
template <typename T>
constexpr std::uint32_t kTypeNumber = 4;
template <>
constexpr std::uint32_t kTypeNumber<std::int32_t> = 5;
template <>
constexpr std::uint32_t kTypeNumber<float> = 6;
template <>
constexpr std::uint32_t kTypeNumber<bool> = 7;
template <>
constexpr std::uint32_t kTypeNumber<std::string> = 8;
template <typename T>
constexpr std::uint32_t kTypeNumber<std::vector<T>> = 9;

template <typename T>
void write_value(ByteWriter& out, const T& value) {
  out.write(value);
}
template <>
void write_value(ByteWriter& out, const std::string& value) {
  write_string(out, value);
}
template <typename T>
void write_value(ByteWriter& out, const std::vector<T>& values) {
  out.write(kTypeNumber<T>);
  out.write(static_cast<std::uint64_t>(values.size()));
  for (const T& value : values) write_value(out, value);
}

}  // namespace

void write_gguf(const std::filesystem::path& path,
                std::span<const std::pair<std::string, GgufValue>> metadata,
                std::span<const TensorRecord> tensors) {
  ByteWriter header;
  header.write_text("GGUF");
  header.write(kVersion);
  header.write(static_cast<std::uint64_t>(tensors.size()));
  header.write(static_cast<std::uint64_t>(metadata.size()));
  for (const auto& [key, value] : metadata) {
    write_string(header, key);
    std::visit(
        [&](const auto& held) {
          header.write(kTypeNumber<std::decay_t<decltype(held)>>);
          write_value(header, held);
        },
        value);
  }
  std::uint64_t offset = 0;
  for (const TensorRecord& tensor : tensors) {
    const auto* type = find_ggml_type(tensor.dtype);
    if (type == nullptr) {
      throw FileError(path, fmt::format("tensor {}: GGUF has no type {}", quote(tensor.name),
                                        to_string(tensor.dtype)));
    }
    if (storage_size(tensor.dtype, element_count(tensor)) != tensor.data.size()) {
      throw FileError(path,
                      fmt::format("tensor {}: {} bytes do not hold {} elements", quote(tensor.name),
                                  tensor.data.size(), element_count(tensor)));
    }
    write_string(header, tensor.name);
    header.write(static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size) {
      header.write(static_cast<std::uint64_t>(*size));
    }
    header.write(static_cast<std::uint32_t>(type->number));
    header.write(offset);
    offset = aligned(offset + tensor.data.size());
  }

  AtomicFile file(path);
  const auto pad = [&](std::uint64_t size) { file.write(std::string(aligned(size) - size, '\0')); };
  const std::uint64_t header_size = header.size();
  file.write(header.take());
  pad(header_size);
  for (const TensorRecord& tensor : tensors) {
    file.write(tensor.data);
    pad(tensor.data.size());
  }
  file.commit();
}

}  // namespace minillama
