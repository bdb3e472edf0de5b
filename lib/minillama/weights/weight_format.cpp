#include "minillama/weights/weight_format.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/kernels/block_kinds.h"
#include "minillama/kernels/element.h"
#include "minillama/kernels/half.h"

namespace minillama {
namespace {

using kernels::BFloat16;
using kernels::Half;

float to_float(float x) {
  return x;
}
float to_float(Half x) {
  return kernels::from_half(x.bits);
}
float to_float(BFloat16 x) {
  return kernels::load(x);
}

void from_float(float value, float& out) {
  out = value;
}
void from_float(float value, Half& out) {
  out.bits = kernels::to_half(value);
}
void from_float(float value, BFloat16& out) {
  kernels::store(value, out);
}

template <typename T>
constexpr bool kIsFloat =
    std::is_same_v<T, float> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

template <typename T>
void to_floats(std::size_t elements, const std::byte* stored, float* numbers) {
  if constexpr (kIsFloat<T>) {
    for (std::size_t i = 0; i < elements; ++i) {
      T element;
      std::memcpy(&element, stored + i * sizeof(T), sizeof(T));
      numbers[i] = to_float(element);
    }
  } else {
    kernels::unpack(elements, reinterpret_cast<const T*>(stored), numbers);
  }
}

template <typename T>
void from_floats(std::size_t elements, const float* numbers, std::byte* stored) {
  if constexpr (kIsFloat<T>) {
    for (std::size_t i = 0; i < elements; ++i) {
      T element;
      from_float(numbers[i], element);
      std::memcpy(stored + i * sizeof(T), &element, sizeof(T));
    }
  } else {
    kernels::pack(elements, numbers, reinterpret_cast<T*>(stored));
  }
}

template <typename T>
void product(kernels::Isa isa, const std::byte* w, std::size_t rows, std::size_t cols,
             const ProductInput& x, const kernels::OutputRows& y, kernels::Output output,
             kernels::Source source) {
  const auto* weights = reinterpret_cast<const T*>(w);
  if constexpr (kIsFloat<T>) {
    kernels::matmul(isa, weights, rows, cols, x.floats, y, output, source);
  } else {
    kernels::block_matmul(isa, weights, rows, cols, x.bytes, x.floats.count, y, output, source);
  }
}

/// A row for elements of the C++ type T.
template <typename T>
constexpr WeightFormat elements(DType dtype, std::string_view name, double beyond,
                                std::uint32_t file_type) {
  return {.dtype = dtype,
          .name = name,
          .beyond = beyond,
          .takes_bytes = false,
          .file_type = file_type,
          .fallback = dtype,
          .to_floats = to_floats<T>,
          .from_floats = from_floats<T>,
          .product = product<T>};
}

/// A row for blocks that are only read.
template <typename Block>
constexpr WeightFormat read_blocks() {
  static_assert(sizeof(Block) == byte_size(Block::kType));
  return {.dtype = Block::kType,
          .name = to_string(Block::kType),
          .beyond = Block::kBeyond,
          .takes_bytes = true,
          .file_type = Block::kFileType,
          .fallback = Block::kFallback,
          .to_floats = to_floats<Block>};
}

template <typename Block>
constexpr WeightFormat blocks() {
  WeightFormat format = read_blocks<Block>();
  format.from_floats = from_floats<Block>;
  format.product = product<Block>;
  return format;
}

using namespace kernels;

constexpr std::array kFormats = {
    elements<float>(DType::float32, "f32", std::numeric_limits<double>::infinity(), 0),
    elements<Half>(DType::float16, "f16", kBeyondHalf, 1),
    elements<BFloat16>(DType::bfloat16, "bf16", 0x1.ffp127, 32),
#define MINILLAMA_BLOCK(Block) blocks<Block>(),
    MINILLAMA_FOR_EACH_BLOCK(MINILLAMA_BLOCK)
#undef MINILLAMA_BLOCK
};

constexpr std::array kReadFormats = {
#define MINILLAMA_BLOCK(Block) read_blocks<Block>(),
    MINILLAMA_FOR_EACH_READ_BLOCK(MINILLAMA_BLOCK)
#undef MINILLAMA_BLOCK
};

}  // namespace

std::span<const WeightFormat> weight_formats() {
  return kFormats;
}

const WeightFormat* find_weight_format(DType dtype) {
  const auto found = std::ranges::find(kFormats, dtype, &WeightFormat::dtype);
  if (found != kFormats.end()) return &*found;
  const auto read = std::ranges::find(kReadFormats, dtype, &WeightFormat::dtype);
  return read == kReadFormats.end() ? nullptr : &*read;
}

const WeightFormat& weight_format(DType dtype) {
  if (const auto* format = find_weight_format(dtype)) return *format;
  throw OptionError(fmt::format("weights are {}, which nothing computes with", to_string(dtype)));
}

const WeightFormat& computed_format(DType dtype) {
  if (dtype == DType::float64) return weight_format(DType::float32);
  const auto& format = weight_format(dtype);
  return format.product == nullptr ? weight_format(DType::q8_0) : format;
}

const WeightFormat& weight_format(std::string_view name) {
  std::string names;
  for (const auto& format : kFormats) {
    if (format.name == name) return format;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", format.name);
  }
  throw OptionError(
      fmt::format("the type of the weights is {}, must be one of {}", quote(name), names));
}

void to_floats(const TensorRecord& record, float* numbers) {
  const auto count = static_cast<std::size_t>(element_count(record));
  std::vector<std::byte> copy;
  const std::byte* dense = record.data.data();
  if (!is_contiguous(record)) {
    copy.resize(storage_size(record.dtype, element_count(record)));
    copy_elements(record, copy.data());
    dense = copy.data();
  }
  if (record.dtype != DType::float64) {
    return weight_format(record.dtype).to_floats(count, dense, numbers);
  }
  for (std::size_t i = 0; i < count; ++i) {
    double number = 0;
    std::memcpy(&number, dense + i * sizeof(number), sizeof(number));
    numbers[i] = static_cast<float>(number);
  }
}

const WeightFormat* fitting(const WeightFormat& format, std::size_t cols) {
  if (cols % block_size(format.dtype) == 0) return &format;
  if (cols % block_size(format.fallback) == 0) return &weight_format(format.fallback);
  return nullptr;
}

}  // namespace minillama
