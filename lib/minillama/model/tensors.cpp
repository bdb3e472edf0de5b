#include "minillama/model/tensors.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

#include <fmt/format.h>

#include "minillama/checkpoint/tensor_match.h"
#include "minillama/core/check.h"
#include "minillama/io/mapped_file.h"
#include "minillama/weights/weight_format.h"

namespace minillama {
namespace {

constexpr std::array<std::pair<DType, torch::ScalarType>, 10> kTypes{{
    {DType::float64, torch::kDouble},
    {DType::float32, torch::kFloat},
    {DType::float16, torch::kHalf},
    {DType::bfloat16, torch::kBFloat16},
    {DType::int64, torch::kLong},
    {DType::int32, torch::kInt},
    {DType::int16, torch::kShort},
    {DType::int8, torch::kChar},
    {DType::uint8, torch::kByte},
    {DType::boolean, torch::kBool},
}};

/// Whether `parameter` could have the record's bytes for its memory.
bool can_be(const torch::Tensor& parameter, const TensorRecord& record) {
  const auto address = reinterpret_cast<std::uintptr_t>(record.data.data());
  return parameter.is_cpu() && block_size(record.dtype) == 1 &&
         parameter.scalar_type() == scalar_type(record.dtype) && is_contiguous(record) &&
         address % byte_size(record.dtype) == 0;
}

/// A tensor whose memory is the record's bytes, and which keeps their `file` alive.
torch::Tensor wrap(const TensorRecord& record, const std::shared_ptr<const void>& file) {
  const Bytes bytes = record.data.first(storage_size(record.dtype, element_count(record)));
  return torch::from_blob(
      const_cast<std::byte*>(bytes.data()), record.shape,
      [file, bytes](void*) { MappedFile::release(bytes); }, scalar_type(record.dtype));
}

}  // namespace

torch::ScalarType scalar_type(DType dtype) {
  for (const auto& [ours, torchs] : kTypes) {
    if (ours == dtype) return torchs;
  }
  throw OptionError(fmt::format("dtype is {}, no such type", static_cast<int>(dtype)));
}

DType dtype_of(torch::ScalarType type) {
  for (const auto& [ours, torchs] : kTypes) {
    if (torchs == type) return ours;
  }
  throw OptionError(fmt::format("tensors of type {} are not stored", torch::toString(type)));
}

torch::Tensor to_tensor(const TensorRecord& record) {
  if (block_size(record.dtype) > 1) {
    auto numbers = torch::empty(record.shape, torch::kFloat);
    to_floats(record, numbers.data_ptr<float>());
    return numbers;
  }
  auto tensor = torch::empty(record.shape, scalar_type(record.dtype));
  copy_elements(record, static_cast<std::byte*>(tensor.data_ptr()));
  return tensor;
}

TensorRecord to_record(std::string name, const torch::Tensor& tensor) {
  require_device(tensor, name, torch::kCPU);
  if (!tensor.is_contiguous()) throw OptionError(fmt::format("{} is not contiguous", quote(name)));
  return {.name = std::move(name),
          .dtype = dtype_of(tensor.scalar_type()),
          .shape = tensor.sizes().vec(),
          .strides = tensor.strides().vec(),
          .data = {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()}};
}

void require_storable(const NamedTensors& parameters, double beyond) {
  for (const auto& [name, parameter] : parameters) {
    const auto values = parameter.detach();
    if (!values.isfinite().all().item<bool>()) {
      throw OptionError(fmt::format("tensor {} holds values that are not finite", name));
    }
    const auto largest = values.abs().max().item<double>();
    if (largest >= beyond) {
      throw OptionError(
          fmt::format("tensor {} holds {:.6g}, which is more than the type of the weights can "
                      "hold: take another one",
                      name, largest));
    }
  }
}

void assign(const NamedTensors& parameters, const std::vector<TensorRecord>& tensors,
            const std::filesystem::path& path, const std::shared_ptr<const void>& file) {
  std::vector<NeededTensor> needed;
  for (const auto& [name, parameter] : parameters) {
    needed.push_back({name, parameter.sizes().vec()});
  }
  const auto records = match_tensors(needed, tensors, path);
  std::vector<std::pair<torch::Tensor, const TensorRecord*>> copies;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    copies.emplace_back(parameters[i].second, records[i]);
  }

  const torch::NoGradGuard no_grad;
  // In the order of the bytes, so that tensors which share bytes are noticed.
  std::ranges::stable_sort(copies, std::less<>(), [](const auto& copy) {
    return copy.second == nullptr ? nullptr : copy.second->data.data();
  });
  const std::byte* taken = nullptr;
  for (auto& [parameter, record] : copies) {
    if (record == nullptr) {
      parameter.zero_();
    } else if (file && record->data.data() >= taken && can_be(parameter, *record)) {
      parameter.set_data(wrap(*record, file));
      taken = record->data.data() + parameter.nbytes();
    } else {
      parameter.copy_(to_tensor(*record));
    }
  }
}

}  // namespace minillama
