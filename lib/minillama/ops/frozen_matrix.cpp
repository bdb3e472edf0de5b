#include "minillama/ops/frozen_matrix.h"

#include <torch/autograd.h>

#include "minillama/core/check.h"
#include "minillama/ops/bfloat16_linear.h"
#include "minillama/ops/fused.h"
#include "minillama/ops/linear.h"
#include "minillama/ops/precision.h"
#include "minillama/ops/product.h"
#include "minillama/weights/weights.h"

namespace minillama {
namespace {

void require_matrix(const FrozenMatrix& matrix) {
  if (!matrix.defined()) throw OptionError("frozen matrix is undefined");
}

Matrix as_matrix(const FrozenMatrix& matrix) {
  return {.rows = static_cast<std::size_t>(matrix.rows()),
          .cols = static_cast<std::size_t>(matrix.cols),
          .format = matrix.format,
          .data = static_cast<const std::byte*>(matrix.bytes.data_ptr())};
}

std::byte* row_of(const FrozenMatrix& matrix, std::int64_t row) {
  return static_cast<std::byte*>(matrix.bytes.data_ptr()) + row * matrix.bytes.size(1);
}

FrozenMatrix uninitialized(std::int64_t rows, std::int64_t cols, const WeightFormat& format) {
  const auto row_bytes = static_cast<std::int64_t>(storage_size(format.dtype, cols));
  return {torch::empty({rows, row_bytes}, torch::kByte), &format, cols};
}

struct FrozenLinear : torch::autograd::Function<FrozenLinear> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& floats, const torch::Tensor& bytes,
                               std::int64_t dtype) {
    context->save_for_backward({bytes});
    context->saved_data["dtype"] = dtype;
    context->saved_data["cols"] = floats.size(1);
    context->saved_data["x_type"] = static_cast<std::int64_t>(x.scalar_type());
    context->saved_data["rounded"] = precision_on(x.device()) == Precision::bfloat16;
    return apply_linear(x, floats);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    refuse_second_derivative("linear map of frozen weights");
    const auto& data = context->saved_data;
    const FrozenMatrix weight{context->get_saved_variables()[0],
                              &weight_format(static_cast<DType>(data.at("dtype").toInt())),
                              data.at("cols").toInt()};
    auto shape = grads[0].sizes().vec();
    shape.back() = weight.cols;
    const auto grad = grads[0].reshape({-1, weight.rows()});
    const auto floats = to_floats(weight);
    const auto grad_x = data.at("rounded").toBool() ? bfloat16_product(grad.to(torch::kBFloat16),
                                                                       floats.to(torch::kBFloat16))
                                                    : product(grad, floats);
    const auto type = static_cast<torch::ScalarType>(data.at("x_type").toInt());
    return {grad_x.view(shape).to(type), torch::Tensor(), torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

FrozenMatrix frozen_matrix(const TensorRecord& record, const std::shared_ptr<const void>& file) {
  if (record.shape.size() != 2) {
    throw OptionError(fmt::format("tensor {} has {} dimensions: a matrix is needed",
                                  quote(record.name), record.shape.size()));
  }
  const auto rows = record.shape[0], cols = record.shape[1];
  const auto* format = find_weight_format(record.dtype);
  if (format == nullptr || !is_contiguous(record)) {
    auto numbers = uninitialized(rows, cols, weight_format(DType::float32));
    to_floats(record, static_cast<float*>(numbers.bytes.data_ptr()));
    return numbers;
  }
  const auto row_bytes = static_cast<std::int64_t>(storage_size(record.dtype, cols));
  auto* data = const_cast<std::byte*>(record.data.data());
  return {torch::from_blob(
              data, {rows, row_bytes}, [file](void*) {}, torch::kByte),
          format, cols};
}

void require_shape(const FrozenMatrix& matrix, std::int64_t rows, std::int64_t cols) {
  require_matrix(matrix);
  if (matrix.rows() == rows && matrix.cols == cols) return;
  throw OptionError(fmt::format("frozen matrix is [{}, {}], must be [{}, {}]", matrix.rows(),
                                matrix.cols, rows, cols));
}

FrozenMatrix converted(const FrozenMatrix& matrix, const WeightFormat& format) {
  require_matrix(matrix);
  const auto* fits = fitting(format, static_cast<std::size_t>(matrix.cols));
  if (fits == nullptr) {
    throw OptionError(fmt::format("rows of {} numbers cannot be {}", matrix.cols, format.name));
  }
  if (fits == matrix.format) return matrix;
  auto result = uninitialized(matrix.rows(), matrix.cols, *fits);
  convert(as_matrix(matrix), *fits, row_of(result, 0));
  return result;
}

torch::Tensor to_floats(const FrozenMatrix& matrix) {
  require_matrix(matrix);
  const auto numbers = torch::empty({matrix.rows(), matrix.cols});
  matrix.format->to_floats(static_cast<std::size_t>(numbers.numel()), row_of(matrix, 0),
                           numbers.data_ptr<float>());
  return numbers;
}

torch::Tensor rows_as_floats(const FrozenMatrix& matrix, const torch::Tensor& ids) {
  require_matrix(matrix);
  require_device(ids, "ids of a frozen matrix", torch::kCPU);
  require_ids(ids, "ids of a frozen matrix", 0, matrix.rows());
  auto shape = ids.sizes().vec();
  shape.push_back(matrix.cols);
  const auto numbers = torch::empty(shape);
  const auto flat = ids.contiguous();
  auto* out = numbers.data_ptr<float>();
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    matrix.format->to_floats(static_cast<std::size_t>(matrix.cols),
                             row_of(matrix, flat.data_ptr<std::int64_t>()[i]),
                             out + i * matrix.cols);
  }
  return numbers;
}

torch::Tensor frozen_linear(const torch::Tensor& x, const FrozenMatrix& weight,
                            const torch::Tensor& floats) {
  require_matrix(weight);
  require_shape(floats, "the numbers of a frozen matrix", {weight.rows(), weight.cols});
  return FrozenLinear::apply(x, floats, weight.bytes,
                             static_cast<std::int64_t>(weight.format->dtype));
}

}  // namespace minillama
