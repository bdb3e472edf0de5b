#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "minillama/io/tensor_record.h"
#include "minillama/kernels/blocks.h"
#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/matmul.h"

namespace minillama {

/// Rows of inputs of a product in both forms. A format reads one of them.
struct ProductInput {
  kernels::InputRows floats;
  kernels::ByteRows bytes;  ///< the same in eight bits
};

/// How the weights of a matrix may lie in memory and be computed with: a row of the table of
/// formats. Elements come in blocks (io/dtype.h). Some formats are only read: they have no
/// from_floats() and no product().
struct WeightFormat {
  DType dtype;
  std::string_view name;    ///< as --dtype and --weights have it: "f32", "q8_0", …
  double beyond;            ///< magnitudes from here on become infinite
  bool takes_bytes;         ///< whether product() reads its input in eight bits
  std::uint32_t file_type;  ///< GGUF's "general.file_type" where most tensors are of it
  DType fallback;  ///< of rows that are no multiple of the block; this one's type if there is none

  /// The numbers that `elements` stored ones stand for, and the stored form of `elements` numbers.
  /// A multiple of the block; at any alignment.
  void (*to_floats)(std::size_t elements, const std::byte* stored, float* numbers);
  void (*from_floats)(std::size_t elements, const float* numbers, std::byte* stored) = nullptr;

  /// y = x W^T, or y += x W^T, for W [rows, cols] (kernels/matmul.h). The same sums, in the same
  /// order, for one row of x as for many.
  void (*product)(kernels::Isa isa, const std::byte* w, std::size_t rows, std::size_t cols,
                  const ProductInput& x, const kernels::OutputRows& y, kernels::Output output,
                  kernels::Source source) = nullptr;
};

/// Those that are computed with and written.
std::span<const WeightFormat> weight_formats();

/// The format of that type, also one that is only read; null if there is none.
const WeightFormat* find_weight_format(DType dtype);

/// The same; throws OptionError if there is none.
const WeightFormat& weight_format(DType dtype);

/// The format that matrices of that type are computed in: its own or, where nothing computes with
/// them as they lie, the one that they are made at load (float32 of float64, else q8_0). Throws
/// OptionError if there is no format of the type and it is not float64.
const WeightFormat& computed_format(DType dtype);

/// The format of that name; throws OptionError that lists the names if there is none.
const WeightFormat& weight_format(std::string_view name);

/// The numbers of a checked record (io/tensor_record.h), row-major: element_count() of them. Throws
/// OptionError if there is no format of its type and it is not float64.
void to_floats(const TensorRecord& record, float* numbers);

/// `format`, or its fallback, so that rows of `cols` numbers are a multiple of the block; null if
/// neither fits.
const WeightFormat* fitting(const WeightFormat& format, std::size_t cols);

}  // namespace minillama
