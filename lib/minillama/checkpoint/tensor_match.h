#pragma once

// Not part of the public interface: whether the tensors of a file are those of a model.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "minillama/io/tensor_record.h"

namespace minillama {

/// A tensor that a model needs.
struct NeededTensor {
  std::string name;
  std::vector<std::int64_t> shape;
};

/// The record of each of `needed`, in their order; null for the bias of a norm, which may be absent
/// (RMSNorm-trained weights have none) and is 0 then. All of `tensors`, which came from the file
/// `path`, must be needed. Throws one FileError that lists what is missing, unknown, of another
/// shape or of a type that is no float.
std::vector<const TensorRecord*> match_tensors(std::span<const NeededTensor> needed,
                                               std::span<const TensorRecord> tensors,
                                               const std::filesystem::path& path);

}  // namespace minillama
