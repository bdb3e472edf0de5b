#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "minillama/io/tensor_record.h"
#include "minillama/io/torch_save.h"

namespace minillama {

/// Writes what Python's `torch.save({"model": OrderedDict of tensors, "model_args": {…}})` would: a
/// zip that `torch.load(path, weights_only=True)` opens from PyTorch 1.13 on (from 2.0 on if
/// model_args has a fraction), and that TorchSaveFile reads. Whole floats are written as ints.
///
/// Records whose bytes begin at the same place share a storage, as tied tensors do in Python. All
/// must be contiguous. The file appears whole or not at all. Throws FileError if it would exceed
/// 4 GiB or a record does not fit its data, IoError if it cannot be written.
void write_torch_save(const std::filesystem::path& path, std::span<const TensorRecord> model,
                      std::span<const std::pair<std::string, PythonScalar>> model_args);

}  // namespace minillama
