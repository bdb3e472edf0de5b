#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "minillama/core/named_tensors.h"
#include "minillama/io/tensor_record.h"

namespace minillama {

torch::ScalarType scalar_type(DType dtype);
/// Throws OptionError for a type that no checkpoint stores.
DType dtype_of(torch::ScalarType type);

/// The record's elements as a contiguous tensor of the same type, or of float32 if they lie in
/// blocks, on the CPU, with memory of its own.
torch::Tensor to_tensor(const TensorRecord& record);

/// A record that points into `tensor`, which must outlive it. Throws OptionError unless it is
/// contiguous, on the CPU and of a type that checkpoints store.
TensorRecord to_record(std::string name, const torch::Tensor& tensor);

/// Throws OptionError naming the first of `parameters` that holds a value which is not finite, or
/// of `beyond` or more, which the type that it is to be stored in would make infinite.
void require_storable(const NamedTensors& parameters, double beyond);

/// Gives `parameters` the values of the `tensors` of the same names, which came from the file
/// `path`, in the parameters' type. Every parameter must be there, in its shape, and nothing else;
/// only norm biases may be absent (RMSNorm-trained weights have none) and become 0. Throws one
/// FileError that lists what is missing, unknown, of another shape or of a type that is no float,
/// before anything is changed.
///
/// @param file if given, keeps the bytes of `tensors` alive, and they are a MappedFile's: then
///             parameters become those bytes, without a copy, where type and alignment allow it
void assign(const NamedTensors& parameters, const std::vector<TensorRecord>& tensors,
            const std::filesystem::path& path, const std::shared_ptr<const void>& file = {});

}  // namespace minillama
