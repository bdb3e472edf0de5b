#include "minillama/model/tensors.h"

#include <memory>
#include <span>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

std::string message(const NamedTensors& parameters, const NamedTensors& stored) {
  std::vector<TensorRecord> records;
  for (const auto& [name, tensor] : stored) records.push_back(to_record(name, tensor));
  return test::file_error([&] { assign(parameters, records, "f.pt"); });
}

}  // namespace

TEST_CASE("tensors: every type becomes a tensor and a record again") {
  for (const auto type :
       {torch::kDouble, torch::kFloat, torch::kHalf, torch::kBFloat16, torch::kLong, torch::kInt,
        torch::kShort, torch::kChar, torch::kByte, torch::kBool}) {
    const auto tensor = torch::tensor({0, 1, 1, 0, 1, 1}).view({2, 3}).to(type);
    const auto record = to_record("t", tensor);
    CHECK(byte_size(record.dtype) == static_cast<std::size_t>(tensor.element_size()));
    const auto copy = to_tensor(record);
    CHECK(copy.scalar_type() == type);
    CHECK(copy.equal(tensor));
  }
  CHECK_THROWS_AS(dtype_of(torch::kComplexFloat), OptionError);
}

TEST_CASE("tensors: assign copies by name and converts the type") {
  const NamedTensors parameters{{"a", torch::zeros({2})}, {"b", torch::zeros({1, 3})}};
  const NamedTensors stored{{"b", torch::tensor({1.5, 2.5, 3.5}, torch::kHalf).view({1, 3})},
                            {"a", torch::tensor({7.0, 8.0}, torch::kDouble)}};
  CHECK(message(parameters, stored) == "accepted");
  CHECK(parameters[0].second.equal(torch::tensor({7.f, 8.f})));
  CHECK(parameters[1].second.equal(torch::tensor({{1.5f, 2.5f, 3.5f}})));
}

TEST_CASE("tensors: absent norm biases become zero, nothing else may be absent") {
  const NamedTensors parameters{{"layers.0.ffn_norm.bias", torch::ones({2})},
                                {"norm.bias", torch::ones({2})}};
  CHECK(message(parameters, {}) == "accepted");
  CHECK(parameters[0].second.equal(torch::zeros({2})));
  CHECK(parameters[1].second.equal(torch::zeros({2})));
  CHECK(message({{"w.bias", torch::ones({2})}}, {}) ==
        "f.pt: the tensors are not those of the model; 1 missing: w.bias");
}

TEST_CASE("tensors: weights of a type that is no float are refused by name") {
  const NamedTensors parameters{{"a", torch::zeros({2})}, {"b", torch::zeros({2})}};
  CHECK(
      message(parameters, {{"a", torch::tensor({1, 2}, torch::kLong)}, {"b", torch::ones({2})}}) ==
      "f.pt: the tensors are not those of the model; 1 of a type that is no float: a is int64");
  CHECK(parameters[1].second.equal(torch::zeros({2})));
}

TEST_CASE("tensors: assign lists all that is wrong and changes nothing") {
  const NamedTensors parameters{
      {"a", torch::zeros({2})}, {"b", torch::zeros({2, 3})}, {"c", torch::zeros({1})}};
  const NamedTensors stored{
      {"a", torch::ones({2})}, {"b", torch::ones({3, 2})}, {"x\n", torch::ones({1})}};
  CHECK(message(parameters, stored) ==
        "f.pt: the tensors are not those of the model; 1 missing: c; 1 unknown: \"x\\x0a\"; "
        "1 of another shape: b is [3, 2], must be [2, 3]");
  CHECK(parameters[0].second.equal(torch::zeros({2})));
}

TEST_CASE("tensors: with a file to keep, parameters become its bytes where they can") {
  const auto bytes = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3, 4, 5, 6, 7});
  const auto record = [&](std::string name, std::size_t first, DType dtype,
                          std::size_t offset = 0) {
    const auto all = std::as_bytes(std::span(*bytes));
    return TensorRecord{.name = std::move(name),
                        .dtype = dtype,
                        .shape = {2},
                        .strides = {1},
                        .data = all.subspan(first * sizeof(float) + offset)};
  };
  const NamedTensors parameters{{"shared", torch::zeros({2}, torch::requires_grad())},
                                {"overlaps", torch::zeros({2})},
                                {"converted", torch::zeros({2})},
                                {"unaligned", torch::zeros({2})}};
  const std::vector<TensorRecord> records{
      record("unaligned", 4, DType::float32, 1), record("overlaps", 1, DType::float32),
      record("shared", 0, DType::float32), record("converted", 3, DType::float16)};
  assign(parameters, records, "f.pt", bytes);
  const auto inside = [&](int i) {
    const float* data = parameters[i].second.data_ptr<float>();
    return data >= bytes->data() && data < bytes->data() + bytes->size();
  };
  CHECK(inside(0));
  CHECK(parameters[0].second.requires_grad());
  for (const int i : {1, 2, 3}) CHECK_FALSE(inside(i));
  CHECK(parameters[0].second.equal(torch::tensor({1.f, 2.f})));
  CHECK(parameters[1].second.equal(torch::tensor({2.f, 3.f})));
  const std::weak_ptr<std::vector<float>> kept = bytes;
  CHECK(kept.use_count() == 2);  // the one parameter keeps it
}
