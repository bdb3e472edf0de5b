#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "minillama/core/named_tensors.h"
#include "minillama/io/tensor_record.h"

namespace minillama {

torch::ScalarType scalar_type(DType dtype);
/// Throws OptionError for a type that no checkpoint stores.
DType dtype_of(torch::ScalarType type);

/// The record's elements as a contiguous tensor of the same type, on the CPU, with memory of its
/// own.
torch::Tensor to_tensor(const TensorRecord& record);

/// A record that points into `tensor`, which must be a contiguous CPU tensor and outlive it.
TensorRecord to_record(std::string name, const torch::Tensor& tensor);

/// Copies `tensors`, which came from the file `path`, into `parameters` of the same names,
/// converting their type. Every parameter must be there, in its shape, and nothing else; only norm
/// biases may be absent (RMSNorm-trained weights have none) and become 0. Throws one FileError that
/// lists what is missing, unknown or of another shape, before anything is changed.
void assign(const NamedTensors& parameters, const std::vector<TensorRecord>& tensors,
            const std::filesystem::path& path);

}  // namespace minillama
