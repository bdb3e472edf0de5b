#include "minillama/io/safetensors.h"

#include <array>

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/files.h"
#include "support/zip_writer.h"

using namespace minillama;
using namespace std::string_literals;
using test::TemporaryDirectory;

namespace {

constexpr std::array<float, 6> kFloats = {0, 1, 2, 3, 4, 5};
constexpr std::array<std::uint8_t, 3> kBytes = {7, 8, 9};

const TensorRecord kMatrix = {.name = "w",
                              .dtype = DType::float32,
                              .shape = {2, 3},
                              .strides = {3, 1},
                              .data = std::as_bytes(std::span(kFloats))};
const TensorRecord kVector = {.name = "b",
                              .dtype = DType::uint8,
                              .shape = {3},
                              .strides = {1},
                              .data = std::as_bytes(std::span(kBytes))};

/// A file with that header, as it stands, and `size` bytes of data.
std::string file_with(const std::string& header, std::size_t size) {
  return test::little_endian(header.size(), 8) + header + std::string(size, 'x');
}

void read_all(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  for (const TensorRecord& tensor : file.tensors()) {
    std::string out(static_cast<std::size_t>(element_count(tensor)) * byte_size(tensor.dtype),
                    '\0');
    copy_elements(tensor, reinterpret_cast<std::byte*>(out.data()));
  }
}

std::string error_of(const std::string& content) {
  const TemporaryDirectory directory;
  try {
    read_all(directory.file("x", content));
  } catch (const FileError& error) {
    return std::string(error.what()).substr(directory.path().native().size() + 1);
  }
  return "accepted";
}

/// What a header with one tensor "w" of these fields and 16 bytes of data leads to.
std::string error_of_fields(const std::string& fields) {
  return error_of(file_with("{\"w\":{" + fields + "}}", 16));
}

}  // namespace

TEST_CASE("safetensors: what is written is read again") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "x.safetensors";
  write_safetensors(path, std::array{kVector, kMatrix}, {{"format", "pt"}, {"é", "\"\n"}});
  const SafetensorsFile file(path);
  CHECK(file.metadata() == std::map<std::string, std::string>{{"format", "pt"}, {"é", "\"\n"}});
  REQUIRE(file.tensors().size() == 2);
  // The larger type first, so that both are aligned.
  const TensorRecord& w = file.tensors()[0];
  CHECK(w.name == "w");
  CHECK(w.dtype == DType::float32);
  CHECK(w.shape == kMatrix.shape);
  CHECK(w.strides == kMatrix.strides);
  CHECK(as_text(w.data) == as_text(kMatrix.data));
  CHECK(reinterpret_cast<std::uintptr_t>(w.data.data()) % 64 == 0);
  CHECK(file.tensors()[1].name == "b");
  CHECK(as_text(file.tensors()[1].data) == as_text(kVector.data));
}

TEST_CASE("safetensors: every type, scalars, empty tensors, and none at all") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "x.safetensors";
  const std::array<double, 1> data = {1};
  std::vector<TensorRecord> tensors;
  for (const DType dtype :
       {DType::float64, DType::float32, DType::float16, DType::bfloat16, DType::int64, DType::int32,
        DType::int16, DType::int8, DType::uint8, DType::boolean}) {
    tensors.push_back({.name = std::string(to_string(dtype)),
                       .dtype = dtype,
                       .data = std::as_bytes(std::span(data))});
  }
  tensors.push_back({.name = "empty", .shape = {0, 2}, .strides = {2, 1}});
  write_safetensors(path, tensors);
  const SafetensorsFile file(path);
  REQUIRE(file.tensors().size() == 11);
  CHECK(file.metadata().empty());
  for (const TensorRecord& tensor : file.tensors()) {
    INFO(tensor.name);
    CHECK((tensor.name == "empty" || to_string(tensor.dtype) == tensor.name));
    CHECK(reinterpret_cast<std::uintptr_t>(tensor.data.data()) % byte_size(tensor.dtype) == 0);
  }
  write_safetensors(path, {});
  CHECK(SafetensorsFile(path).tensors().empty());
}

TEST_CASE("safetensors: the bytes of a written file") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "x.safetensors";
  write_safetensors(path, std::array{kVector});
  const std::string header = R"({"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})";
  const std::string padded = header + std::string(64 - (8 + header.size()) % 64, ' ');
  CHECK(test::read_text(path) == test::little_endian(padded.size(), 8) + padded + "\x07\x08\x09");
}

TEST_CASE("safetensors: views are written row-major") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "x.safetensors";
  TensorRecord transposed = kMatrix;
  transposed.shape = {3, 2};
  transposed.strides = {1, 3};
  write_safetensors(path, std::array{transposed});
  const std::array<float, 6> expected = {0, 3, 1, 4, 2, 5};
  CHECK(as_text(SafetensorsFile(path).tensors()[0].data) ==
        as_text(std::as_bytes(std::span(expected))));
}

TEST_CASE("safetensors: names that cannot be written leave the old file alone") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory.file("x", "old");
  TensorRecord odd = kVector;
  CHECK_THROWS_AS(write_safetensors(path, std::array{odd, odd}), FileError);
  odd.name = "__metadata__";
  CHECK_THROWS_AS(write_safetensors(path, std::array{odd}), FileError);
  odd.name = "";
  CHECK_THROWS_AS(write_safetensors(path, std::array{odd}), FileError);
  odd.name = "\xff";
  CHECK_THROWS_AS(write_safetensors(path, std::array{odd}), FileError);
  odd.name = "b";
  odd.shape = {4};
  CHECK_THROWS_AS(write_safetensors(path, std::array{odd}), FileError);
  CHECK_THROWS_AS(write_safetensors(path, std::array{kVector}, {{"key", "\xff"}}), FileError);
  CHECK(test::read_text(path) == "old");
  CHECK_THROWS_AS(write_safetensors(directory.path() / "no" / "x", std::array{kVector}), IoError);
}

TEST_CASE("safetensors: a tensor's entry must fit its bytes") {
  CHECK(error_of_fields(R"("dtype":"F32","shape":[2,2],"data_offsets":[0,16])") == "accepted");
  CHECK(error_of_fields(R"("dtype":"F32","shape":[2,3],"data_offsets":[0,16])") ==
        "x: tensor \"w\": shape [2, 3] with strides [3, 1] of float32 needs more than the 16 bytes "
        "stored");
  CHECK(error_of_fields(R"("dtype":"F32","shape":[3],"data_offsets":[0,16])") ==
        "x: tensor \"w\": data_offsets [0, 16] do not fit shape [3] of float32");
  const auto offsets = [](const std::string& text) {
    return error_of_fields(R"("dtype":"U8","shape":[16],"data_offsets":)" + text);
  };
  CHECK_THAT(offsets("[0,17]"), contains("data_offsets [0, 17] lie outside the 16 bytes of data"));
  CHECK_THAT(offsets("[16,0]"), contains("lie outside"));
  CHECK_THAT(offsets("[-1,15]"), contains("data_offsets holds \"-1\""));
  CHECK_THAT(offsets("[0,18446744073709551615]"), contains("holds \"18446744073709551615\""));
  CHECK_THAT(offsets("[0,1e1]"), contains("data_offsets holds"));
  CHECK_THAT(offsets("[0]"), contains("lie outside"));
  CHECK_THAT(offsets("[0,1,2]"), contains("at most 2 numbers"));
  CHECK_THAT(offsets("\"0\""), contains("at most 2 numbers"));
  const auto shape = [](const std::string& text) {
    return error_of_fields(R"("dtype":"U8","data_offsets":[0,16],"shape":)" + text);
  };
  CHECK_THAT(shape("[-16]"), contains("shape holds \"-16\""));
  CHECK_THAT(shape("[16.0]"), contains("shape holds \"16.0\""));
  CHECK_THAT(shape("[4294967296,4294967296,16]"), contains("needs more"));
  CHECK_THAT(shape("[0,9223372036854775807,9223372036854775807]"), contains("overflows"));
  CHECK_THAT(shape("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,16]"), contains("at most 16 numbers"));
  CHECK_THAT(error_of_fields(R"("dtype":"F8_E5M2","shape":[16],"data_offsets":[0,16])"),
             contains("dtype \"F8_E5M2\" is not supported"));
  CHECK_THAT(error_of_fields(R"("shape":[16],"data_offsets":[0,16])"),
             contains("dtype is missing"));
  CHECK_THAT(error_of_fields(R"("dtype":"U8","shape":[16],"data_offsets":[0,16],"x":0)"),
             contains("unknown field \"x\""));
  CHECK_THAT(error_of(file_with(R"({"w":[]})", 0)), contains("its entry is no object"));
}

TEST_CASE("safetensors: tensors cover the data, and each other never") {
  const auto two = [](const std::string& a, const std::string& b, std::size_t size) {
    const std::string fields = R"({"dtype":"U8","shape":[4],"data_offsets":)";
    return error_of(file_with(R"({"a":)" + fields + a + R"(},"b":)" + fields + b + "}}", size));
  };
  CHECK(two("[0,4]", "[4,8]", 8) == "accepted");
  CHECK(two("[4,8]", "[0,4]", 8) == "accepted");
  CHECK(two("[0,4]", "[3,7]", 7) == "x: tensor \"b\": begins at 3, but the one before ends at 4");
  CHECK_THAT(two("[0,4]", "[0,4]", 4), contains("begins at 0"));
  CHECK_THAT(two("[0,4]", "[5,9]", 9), contains("begins at 5"));
  CHECK_THAT(two("[1,5]", "[5,9]", 9), contains("begins at 1"));
  CHECK_THAT(two("[0,4]", "[4,8]", 9), contains("has 9 bytes of data, its tensors 8"));
}

TEST_CASE("safetensors: the header must be what the format allows") {
  const std::string entry = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  CHECK(error_of(file_with(R"({"w":)" + entry + R"(,"w":)" + entry + "}", 1)) ==
        "x: header names \"w\" twice");
  CHECK_THAT(error_of(file_with(R"({"w":)" + entry + R"(,"\u0077":)" + entry + "}", 1)),
             contains("twice"));
  CHECK_THAT(error_of(file_with(R"({"w":{"dtype":"U8","shape":[1],"shape":[1],)"
                                R"("data_offsets":[0,1]}})",
                                1)),
             contains("header names \"shape\" twice"));
  CHECK_THAT(error_of(file_with(R"({"__metadata__":{"a":"1","a":"2"}})", 0)), contains("twice"));
  CHECK(error_of(file_with(R"({"__metadata__":{"w":"1"},"w":)" + entry + "}", 1)) == "accepted");
  CHECK_THAT(error_of(file_with(R"({"__metadata__":{"a":1}})", 0)),
             contains("__metadata__ \"a\" is no string"));
  CHECK_THAT(error_of(file_with(R"({"__metadata__":"a"})", 0)), contains("no object"));
  CHECK_THAT(error_of(file_with("{\"w\":" + std::string(1'000'000, '['), 0)), contains("deeply"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"w\":";
  CHECK_THAT(error_of(file_with(deep, 0)), contains("deeply"));
  CHECK_THAT(error_of(file_with("{\"w\":", 0)), contains("no valid JSON"));
  CHECK_THAT(error_of(file_with("{} {}", 0)), contains("no valid JSON"));
  CHECK_THAT(error_of(file_with("{\"\xff\":{}}", 0)), contains("no valid JSON"));
  CHECK_THAT(error_of(file_with("[]", 0)), contains("is no safetensors file"));
  CHECK_THAT(error_of(file_with("", 0)), contains("is no safetensors file"));
  CHECK(error_of(file_with("{}   ", 0)) == "accepted");
}

TEST_CASE("safetensors: the header's length is compared with the file") {
  CHECK_THAT(error_of("\xff\xff\xff\xff\xff\xff\xff\xff{}"), contains("2 are left"));
  CHECK_THAT(error_of(test::little_endian(3, 8) + "{}"),
             contains("would have 3 bytes, 2 are left"));
  CHECK_THAT(error_of("short"), contains("truncated"));
  CHECK_THAT(error_of("<html><body>not found"), contains("web page"));
  CHECK_THAT(error_of("version https://git-lfs.github.com/spec/v1\n"), contains("git-lfs"));
}

TEST_CASE("safetensors: a cut or flipped file is refused or read, never worse") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "x.safetensors";
  write_safetensors(path, std::array{kVector, kMatrix}, {{"format", "pt"}});
  const std::string content = test::read_text(path);
  test::check_every_truncation(content, read_all);
  CHECK(test::check_every_flip(content, read_all) > 0);
}
