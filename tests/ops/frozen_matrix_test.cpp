// Matrices that are not trained give what their numbers would.

#include "minillama/ops/frozen_matrix.h"

#include <cstring>
#include <functional>

#include <torch/autograd.h>

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/kernels/dispatch.h"
#include "minillama/ops/linear.h"
#include "minillama/ops/precision.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// A record of random numbers in a weight format, and its memory.
struct Stored {
  std::shared_ptr<std::vector<std::byte>> memory;
  TensorRecord record;
};

Stored stored(const WeightFormat& format, std::int64_t rows, std::int64_t cols) {
  const auto numbers = torch::randn({rows, cols}, make_generator(5));
  const auto memory = std::make_shared<std::vector<std::byte>>(
      storage_size(format.dtype, static_cast<std::int64_t>(numbers.numel())));
  format.from_floats(static_cast<std::size_t>(numbers.numel()), numbers.data_ptr<float>(),
                     memory->data());
  return {memory,
          {.name = "w",
           .dtype = format.dtype,
           .shape = {rows, cols},
           .strides = {cols, 1},
           .data = *memory}};
}

/// The numbers of a record, by the reader's own function.
torch::Tensor numbers_of(const TensorRecord& record) {
  const auto numbers = torch::empty(record.shape);
  to_floats(record, numbers.data_ptr<float>());
  return numbers;
}

/// y = map(x) and the gradient of a weighted sum of y with respect to x.
std::pair<torch::Tensor, torch::Tensor> value_and_gradient(
    const torch::Tensor& input, const std::function<torch::Tensor(const torch::Tensor&)>& map) {
  const auto x = input.clone().requires_grad_();
  const auto y = map(x);
  y.backward(torch::randn(y.sizes(), make_generator(8)).to(y.scalar_type()));
  return {y.detach(), x.grad()};
}

}  // namespace

TEST_CASE("frozen_matrix: every format gives its numbers, products and gradients, bit for bit") {
  for (const auto& format : weight_formats()) {
    INFO(format.name);
    const auto [memory, record] = stored(format, 24, 512);
    const auto matrix = frozen_matrix(record, memory);
    CHECK(matrix.bytes.data_ptr() == memory->data());  // where it lies
    const auto numbers = numbers_of(record);
    CHECK(to_floats(matrix).equal(numbers));
    const auto ids = torch::tensor({23, 0, 7, 7}, torch::kLong).view({2, 2});
    CHECK(rows_as_floats(matrix, ids).equal(torch::embedding(numbers, ids)));

    for (const auto precision : {Precision::float32, Precision::bfloat16}) {
      if (precision == Precision::bfloat16 && kernels::best_isa() != kernels::Isa::avx512) continue;
      const PrecisionScope scope(precision, torch::kCPU);
      for (const auto& shape :
           std::vector<std::vector<std::int64_t>>{{3, 512}, {2, 5, 512}, {400, 512}}) {
        const auto x = torch::randn(shape, make_generator(6));
        const auto [y, gradient] = value_and_gradient(
            x, [&](const auto& in) { return frozen_linear(in, matrix, to_floats(matrix)); });
        const auto [expected, expected_gradient] =
            value_and_gradient(x, [&](const auto& in) { return apply_linear(in, numbers); });
        CHECK(y.equal(expected));
        CHECK(gradient.equal(expected_gradient));
      }
    }
  }
}

TEST_CASE("frozen_matrix: what nothing reads as it lies becomes float32") {
  const auto numbers = torch::randn({6, 4}, make_generator(1), torch::kDouble);
  const TensorRecord doubles{.name = "w",
                             .dtype = DType::float64,
                             .shape = {6, 4},
                             .strides = {4, 1},
                             .data = {static_cast<const std::byte*>(numbers.data_ptr()), 192}};
  CHECK(to_floats(frozen_matrix(doubles, {})).equal(numbers.to(torch::kFloat)));
  auto transposed = doubles;
  transposed.shape = {4, 6};
  transposed.strides = {1, 4};
  CHECK(to_floats(frozen_matrix(transposed, {})).equal(numbers.t().to(torch::kFloat)));
}

TEST_CASE("frozen_matrix: the bytes live as long as the matrix") {
  auto [memory, record] = stored(weight_format("q8_0"), 4, 32);
  const auto numbers = numbers_of(record);
  const std::weak_ptr<std::vector<std::byte>> watched = memory;
  {
    const auto matrix = frozen_matrix(record, memory);
    memory.reset();
    const auto copy = matrix;
    CHECK(to_floats(copy).equal(numbers));
  }
  CHECK(watched.expired());
}

TEST_CASE("frozen_matrix: converted it is what the format makes of its numbers") {
  const auto [memory, record] = stored(weight_format("f32"), 8, 96);
  const auto matrix = frozen_matrix(record, memory);
  const auto& q8_0 = weight_format("q8_0");
  const auto [expected, unused] = stored(q8_0, 8, 96);
  const auto made = converted(matrix, q8_0);
  CHECK(made.format == &q8_0);
  CHECK(std::memcmp(made.bytes.data_ptr(), expected->data(), expected->size()) == 0);
  // Rows of 96 are no multiple of 256: the fallback.
  CHECK(converted(matrix, weight_format("q4_k")).format == fitting(weight_format("q4_k"), 96));
  CHECK(converted(matrix, weight_format("f32")).bytes.data_ptr() == memory->data());
  const auto [odd, odd_record] = stored(weight_format("f32"), 8, 33);
  CHECK_THROWS_WITH(converted(frozen_matrix(odd_record, odd), q8_0),
                    contains("rows of 33 numbers cannot be q8_0"));
}

TEST_CASE("frozen_matrix: second derivatives and wrong arguments are refused") {
  const auto [memory, record] = stored(weight_format("q8_0"), 4, 32);
  const auto matrix = frozen_matrix(record, memory);
  const auto x = torch::ones({2, 32}).requires_grad_();
  const auto y = frozen_linear(x, matrix, to_floats(matrix)).sum();
  CHECK_THROWS_WITH(torch::autograd::grad({y}, {x}, {}, true, /*create_graph=*/true),
                    contains("second derivatives are not computed"));
  CHECK_THROWS_WITH(frozen_linear(torch::ones({2, 31}), matrix, to_floats(matrix)),
                    contains("linear: x is float32 [2, 31]"));
  CHECK_THROWS_WITH(frozen_linear(torch::ones({2, 32}), matrix, torch::ones({4, 31})),
                    contains("must be [4, 32]"));
  CHECK_THROWS_WITH(rows_as_floats(matrix, torch::tensor({0, 4}, torch::kLong)),
                    contains("holds 4, must lie between 0 and 3"));
  CHECK_THROWS_WITH(rows_as_floats(matrix, torch::ones({2})), contains("int64"));
  CHECK_THROWS_WITH(to_floats(FrozenMatrix()), contains("undefined"));
  CHECK_THROWS_WITH(converted(FrozenMatrix(), weight_format("f32")), contains("undefined"));
  auto vector = record;
  vector.shape = {128};
  vector.strides = {1};
  CHECK_THROWS_WITH(frozen_matrix(vector, memory), contains("1 dimensions"));
}
