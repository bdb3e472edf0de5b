#include "minillama/io/torch_save_writer.h"

#include <array>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/files.h"

using namespace minillama;
using test::TemporaryDirectory;

namespace {

constexpr std::array<float, 6> kFloats = {0, 1, 2, 3, 4, 5};

TensorRecord matrix(const std::string& name) {
  return {
      .name = name, .shape = {2, 3}, .strides = {3, 1}, .data = std::as_bytes(std::span(kFloats))};
}

}  // namespace

TEST_CASE("torch_save writer: what is written is read again, tied tensors as one storage") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "x.pt";
  const std::array<TensorRecord, 2> tensors = {matrix("a"), matrix("b.weight")};
  const std::vector<std::pair<std::string, PythonScalar>> args = {{"dim", std::int64_t{-3}},
                                                                  {"big", std::int64_t{1} << 40},
                                                                  {"rate", 0.25},
                                                                  {"flag", true},
                                                                  {"none", std::monostate()},
                                                                  {"text", "\u00e9"}};
  write_torch_save(path, tensors, args);
  const TorchSaveFile file(path);
  const auto read = file.tensors_under("model");
  REQUIRE(read.size() == 2);
  CHECK(read[0].name == "a");
  CHECK(read[1].name == "b.weight");
  CHECK(read[1].shape == std::vector<std::int64_t>{2, 3});
  CHECK(as_text(read[0].data) == as_text(matrix("a").data));
  CHECK(read[0].data.data() == read[1].data.data());
  CHECK(reinterpret_cast<std::uintptr_t>(read[0].data.data()) % 64 == 0);
  const auto scalars = file.scalars_under("model_args");
  REQUIRE(scalars.size() == args.size());
  for (std::size_t i = 0; i < args.size(); ++i) {
    CHECK(scalars[i].first == args[i].first);
    CHECK((scalars[i].second == args[i].second));
  }
}

TEST_CASE("torch_save writer: every type, and the same bytes every time") {
  const TemporaryDirectory directory;
  std::vector<TensorRecord> tensors;
  const std::array<double, 2> data = {1, 2};
  for (const DType dtype :
       {DType::float64, DType::float32, DType::float16, DType::bfloat16, DType::int64, DType::int32,
        DType::int16, DType::int8, DType::uint8, DType::boolean}) {
    tensors.push_back({.name = std::string(to_string(dtype)),
                       .dtype = dtype,
                       .shape = {2},
                       .strides = {1},
                       .data = std::as_bytes(std::span(data))});
  }
  write_torch_save(directory.path() / "x.pt", tensors, {});
  const auto read = TorchSaveFile(directory.path() / "x.pt").tensors_under("model");
  REQUIRE(read.size() == tensors.size());
  for (const auto& tensor : read) CHECK(to_string(tensor.dtype) == tensor.name);
  write_torch_save(directory.path() / "y.pt", tensors, {});
  CHECK(test::read_text(directory.path() / "x.pt") == test::read_text(directory.path() / "y.pt"));
}

TEST_CASE("torch_save writer: a record that does not fit its data is refused, and nothing made") {
  const TemporaryDirectory directory;
  auto wrong = matrix("a");
  wrong.shape = {3, 3};
  CHECK_THROWS_AS(write_torch_save(directory.path() / "x.pt", std::array{wrong}, {}), FileError);
  auto transposed = matrix("a");
  transposed.shape = {3, 2};
  transposed.strides = {1, 3};
  CHECK_THROWS_WITH(write_torch_save(directory.path() / "x.pt", std::array{transposed}, {}),
                    contains("not contiguous"));
  CHECK(std::filesystem::is_empty(directory.path()));
}
