#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "minillama/io/mapped_file.h"
#include "minillama/io/tensor_record.h"

namespace minillama {

/// A file of the safetensors format: the header's length (8 bytes), a JSON header, the tensors.
/// https://github.com/huggingface/safetensors
class SafetensorsFile {
 public:
  /// Throws FileError naming the tensor and the value if the header is not what the format allows:
  /// more than 100 MB, duplicate names, unknown types, offsets that leave the file, overlap, leave
  /// a hole or do not fit shape and type.
  explicit SafetensorsFile(std::filesystem::path path);

  /// Whether `bytes` begin like such a file.
  static bool is_safetensors(Bytes bytes);

  const std::filesystem::path& path() const { return file_.path(); }

  /// In the order of their bytes, all contiguous. Valid as long as this file is.
  const std::vector<TensorRecord>& tensors() const { return tensors_; }

  /// The header's "__metadata__".
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  MappedFile file_;
  std::vector<TensorRecord> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Writes `tensors` to `path`, which gets either all of it or nothing (AtomicFile). The elements
/// are written row-major whatever the strides, larger types first so that each is aligned to its
/// element, from an offset that is a multiple of 64. Throws FileError if a name is empty, comes
/// twice, is "__metadata__" or (like metadata) no UTF-8, or if a record does not fit its data;
/// IoError if the file cannot be written.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorRecord> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace minillama
