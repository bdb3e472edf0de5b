#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "minillama/io/gguf_metadata.h"
#include "minillama/io/tensor_record.h"

namespace minillama {

/// A file of the format GGUF: metadata under keys (io/gguf_metadata.h), then tensors.
class GgufFile : public GgufMetadata {
 public:
  /// Throws FileError naming the place as GgufMetadata does, and if it holds a tensor's name twice,
  /// or a tensor of a type that is not read (io/ggml_type.h), that leaves the file, overlaps
  /// another or is not aligned as the file says.
  explicit GgufFile(std::filesystem::path path);

  /// In the order of the file, all contiguous. Valid as long as this file is.
  const std::vector<TensorRecord>& tensors() const { return tensors_; }

 private:
  void read_tensors(ByteReader& reader);
  void place_tensors(ByteReader& reader, const std::vector<std::uint64_t>& offsets);

  std::vector<TensorRecord> tensors_;
};

/// A value of metadata to be written; the alternatives are the format's UINT32, FLOAT32, BOOL,
/// STRING and arrays of STRING, FLOAT32 and INT32.
using GgufValue = std::variant<std::uint32_t, float, bool, std::string, std::vector<std::string>,
                               std::vector<float>, std::vector<std::int32_t>>;

/// Writes such a file, version 3, aligned to 32; it appears whole or not at all. The
/// tensors are contiguous. Throws FileError if the data of one does not have the size that its
/// shape and type imply, or the format has no such type; IoError if the file cannot be written.
void write_gguf(const std::filesystem::path& path,
                std::span<const std::pair<std::string, GgufValue>> metadata,
                std::span<const TensorRecord> tensors);

}  // namespace minillama
