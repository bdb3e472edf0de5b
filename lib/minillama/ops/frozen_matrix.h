#pragma once

#include <cstdint>
#include <memory>

#include <torch/types.h>

#include "minillama/io/tensor_record.h"
#include "minillama/weights/weight_format.h"

namespace minillama {

/// A matrix W [rows, cols] on the CPU that is not trained, as it lies in a weight format. Copies
/// share the bytes, which nobody changes. The functions below throw OptionError if there is none.
struct FrozenMatrix {
  torch::Tensor bytes;  ///< [rows, bytes of a row] uint8; undefined: there is no matrix
  const WeightFormat* format = nullptr;
  std::int64_t cols = 0;

  bool defined() const { return bytes.defined(); }
  std::int64_t rows() const { return bytes.size(0); }
};

/// The matrix of a checked record where it lies, which `file` keeps alive; float64 and views with
/// strides become float32 in memory of their own. Throws OptionError if it is no matrix or of a
/// type that no weight format has.
FrozenMatrix frozen_matrix(const TensorRecord& record, const std::shared_ptr<const void>& file);

/// Throws OptionError unless `matrix` is there and has that shape.
void require_shape(const FrozenMatrix& matrix, std::int64_t rows, std::int64_t cols);

/// `matrix` in another format, or in that one's fallback, in memory of its own. Throws OptionError
/// if neither fits its rows.
FrozenMatrix converted(const FrozenMatrix& matrix, const WeightFormat& format);

/// The numbers of `matrix`, [rows, cols] float32, in memory of their own.
torch::Tensor to_floats(const FrozenMatrix& matrix);

/// The numbers of some rows: ids [...] int64, each in [0, rows) -> [..., cols] float32. Throws
/// OptionError on any others.
torch::Tensor rows_as_floats(const FrozenMatrix& matrix, const torch::Tensor& ids);

/// apply_linear(x, to_floats(weight)), bit for bit, and the same gradient of x: but what is kept
/// for the backward pass are the bytes of `weight`, whose numbers are made once more there
/// (Dettmers et al. 2023, arXiv:2305.14314, section 3).
///
/// @param floats to_floats(weight)
/// Throws as apply_linear() does (ops/linear.h).
torch::Tensor frozen_linear(const torch::Tensor& x, const FrozenMatrix& weight,
                            const torch::Tensor& floats);

}  // namespace minillama
