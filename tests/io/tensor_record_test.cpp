#include "minillama/io/tensor_record.h"

#include <array>
#include <cstring>

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

namespace {

const std::filesystem::path kName = "x.bin";
constexpr std::int64_t kHuge = INT64_MAX;

std::array<std::uint8_t, 24> counting() {
  std::array<std::uint8_t, 24> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

const std::array<std::uint8_t, 24> kData = counting();

TensorRecord record(std::vector<std::int64_t> shape, std::vector<std::int64_t> strides,
                    DType dtype = DType::uint8) {
  return {.name = "w",
          .dtype = dtype,
          .shape = std::move(shape),
          .strides = std::move(strides),
          .data = std::as_bytes(std::span(kData))};
}

std::vector<std::uint8_t> copied(const TensorRecord& tensor) {
  check_tensor(tensor, kName);
  std::vector<std::uint8_t> out(static_cast<std::size_t>(element_count(tensor)) *
                                byte_size(tensor.dtype));
  copy_elements(tensor, reinterpret_cast<std::byte*>(out.data()));
  return out;
}

}  // namespace

TEST_CASE("tensor_record: sizes and names of the types") {
  CHECK(byte_size(DType::float64) == 8);
  CHECK(byte_size(DType::bfloat16) == 2);
  CHECK(byte_size(DType::int64) == 8);
  CHECK(byte_size(DType::boolean) == 1);
  CHECK(to_string(DType::float32) == "float32");
  CHECK(to_string(DType::uint8) == "uint8");
  CHECK(to_string(DType::boolean) == "bool");
}

TEST_CASE("tensor_record: contiguous strides") {
  CHECK(contiguous_strides({4, 3, 2}) == std::vector<std::int64_t>{6, 2, 1});
  CHECK(contiguous_strides({}).empty());
  CHECK(contiguous_strides({2, 0, 3}) == std::vector<std::int64_t>{3, 3, 1});
  CHECK(contiguous_strides({kHuge, kHuge, kHuge}).size() == 3);
  CHECK(is_contiguous(record({4, 6}, {6, 1})));
  CHECK(is_contiguous(record({1, 6}, {99, 1})));
  CHECK(is_contiguous(record({}, {})));
  CHECK_FALSE(is_contiguous(record({6, 4}, {1, 6})));
  CHECK_FALSE(is_contiguous(record({2, 3}, {6, 2})));
}

TEST_CASE("tensor_record: elements are copied row-major") {
  CHECK(copied(record({2, 3}, {3, 1})) == std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5});
  CHECK(copied(record({3, 2}, {1, 3})) == std::vector<std::uint8_t>{0, 3, 1, 4, 2, 5});
  CHECK(copied(record({2, 2, 2}, {1, 12, 6})) ==
        std::vector<std::uint8_t>{0, 6, 12, 18, 1, 7, 13, 19});
  CHECK(copied(record({2, 2}, {1, 2}, DType::int16)) ==
        std::vector<std::uint8_t>{0, 1, 4, 5, 2, 3, 6, 7});
  CHECK(copied(record({}, {})) == std::vector<std::uint8_t>{0});
  CHECK(copied(record({0, 5}, {5, 1})).empty());
}

TEST_CASE("tensor_record: the last element must lie inside the data") {
  CHECK_NOTHROW(check_tensor(record({4, 6}, {6, 1}), kName));
  CHECK_NOTHROW(check_tensor(record({3}, {1}, DType::float64), kName));
  CHECK_NOTHROW(check_tensor(record({2, 1}, {23, kHuge}), kName));
  CHECK_THROWS_WITH(check_tensor(record({5, 5}, {5, 1}), kName),
                    "x.bin: tensor \"w\": shape [5, 5] with strides [5, 1] of uint8 needs more "
                    "than the 24 bytes stored");
  CHECK_THROWS_AS(check_tensor(record({2}, {24}), kName), FileError);
  CHECK_THROWS_AS(check_tensor(record({4}, {1}, DType::float64), kName), FileError);
  TensorRecord nothing = record({}, {});
  nothing.data = {};
  CHECK_THROWS_AS(check_tensor(nothing, kName), FileError);
}

TEST_CASE("tensor_record: numbers that overflow or are negative are refused") {
  CHECK_THROWS_AS(check_tensor(record({kHuge, kHuge}, {kHuge, kHuge}), kName), FileError);
  CHECK_THROWS_AS(check_tensor(record({kHuge}, {kHuge}), kName), FileError);
  CHECK_THROWS_AS(
      check_tensor(record({std::int64_t{1} << 32, std::int64_t{1} << 32}, {1, 1}), kName),
      FileError);
  CHECK_THROWS_AS(check_tensor(record({3, std::int64_t{1} << 62}, {0, 4}), kName), FileError);
  CHECK_THROWS_AS(check_tensor(record({0, kHuge, kHuge}, {0, 0, 0}), kName), FileError);
  CHECK_THROWS_WITH(check_tensor(record({-1, 2}, {2, 1}), kName),
                    contains("negative size in shape [-1, 2]"));
  CHECK_THROWS_WITH(check_tensor(record({2}, {-1}), kName), contains("negative stride in [-1]"));
  CHECK_THROWS_WITH(check_tensor(record({2}, {2, 1}), kName), contains("2 strides for 1 dim"));
  CHECK_THROWS_WITH(
      check_tensor(record(std::vector<std::int64_t>(17, 1), std::vector<std::int64_t>(17, 1)),
                   kName),
      contains("17 dimensions"));
}

TEST_CASE("tensor_record: a tensor larger than its data is refused") {
  CHECK_THROWS_WITH(check_tensor(record({1000, 1000}, {0, 0}), kName),
                    contains("repeats elements"));
  CHECK_THROWS_AS(check_tensor(record({kHuge}, {0}), kName), FileError);
  CHECK_NOTHROW(check_tensor(record({24}, {0}), kName));
}
