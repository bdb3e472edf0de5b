#include "minillama/io/llama2c_bin.h"

#include <array>
#include <cstring>

#include "support/catch.h"
#include "support/corruption.h"
#include "support/file_error.h"
#include "support/files.h"
#include "support/zip_writer.h"

using namespace minillama;
using test::TemporaryDirectory;

namespace {

using Header = std::array<std::int32_t, 7>;

/// dim 4, hidden_dim 3, 2 layers, 2 heads over 1, vocab 5, max_seq_len 3.
constexpr Header kSmall = {4, 3, 2, 2, 1, 5, 3};

/// A file with that header and `count` floats 0, 1, 2, ….
std::string bin_file(const Header& header, int count) {
  std::string out;
  for (const std::int32_t n : header) {
    out += test::little_endian(static_cast<std::uint32_t>(n), 4);
  }
  for (int i = 0; i < count; ++i) {
    const auto number = static_cast<float>(i);
    out.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  return out;
}

// embeddings 20, norms 8, q 32, k 16, v 16, o 32, norms 8, w1 24, w2 24, w3 24, norm 4, angles 2*3
constexpr int kSmallCount = 20 + 8 + 32 + 16 + 16 + 32 + 8 + 24 + 24 + 24 + 4 + 6;

const TensorRecord& named(const std::vector<TensorRecord>& tensors, const std::string& name) {
  for (const TensorRecord& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  throw std::runtime_error("no tensor " + name);
}

float first_element(const TensorRecord& tensor) {
  float value = 0;
  std::memcpy(&value, tensor.data.data(), sizeof(value));
  return value;
}

void read_tensors(const std::filesystem::path& path) {
  Llama2cFile(path).tensors();
}

}  // namespace

TEST_CASE("llama2c_bin: tensors get the names of a state dict and lie in the file's order") {
  const TemporaryDirectory directory;
  const Llama2cFile file(directory.file("a.bin", bin_file(kSmall, kSmallCount)));
  CHECK(file.config().dim == 4);
  CHECK(file.config().hidden_dim == 3);
  CHECK(file.config().n_layers == 2);
  CHECK(file.config().n_heads == 2);
  CHECK(file.config().n_kv_heads == 1);
  CHECK(file.config().vocab_size == 5);
  CHECK(file.config().max_seq_len == 3);
  CHECK(file.config().norm == NormKind::rmsnorm);
  CHECK(file.config().attention == AttentionKind::causal);
  CHECK(file.config().tied_embeddings);

  const std::vector<TensorRecord> tensors = file.tensors();
  REQUIRE(tensors.size() == 2 + 9 * 2);
  for (const TensorRecord& tensor : tensors) CHECK_NOTHROW(check_tensor(tensor, "a.bin"));
  CHECK(tensors.front().name == "tok_embeddings.weight");
  CHECK(tensors.back().name == "norm.weight");
  const auto starts_at = [&](const std::string& name, std::vector<std::int64_t> shape,
                             float first) {
    INFO(name);
    CHECK(named(tensors, name).shape == shape);
    CHECK(first_element(named(tensors, name)) == first);
  };
  starts_at("tok_embeddings.weight", {5, 4}, 0);
  starts_at("layers.0.attention_norm.weight", {4}, 20);
  starts_at("layers.1.attention_norm.weight", {4}, 24);
  starts_at("layers.0.attention.compute_query.weight", {4, 4}, 28);
  starts_at("layers.1.attention.compute_query.weight", {4, 4}, 44);
  starts_at("layers.0.attention.compute_key.weight", {2, 4}, 60);
  starts_at("layers.1.attention.compute_value.weight", {2, 4}, 84);
  starts_at("layers.0.attention.compute_output.weight", {4, 4}, 92);
  starts_at("layers.0.ffn_norm.weight", {4}, 124);
  starts_at("layers.0.feed_forward.w1.weight", {3, 4}, 132);
  starts_at("layers.0.feed_forward.w2.weight", {4, 3}, 156);
  starts_at("layers.1.feed_forward.w3.weight", {3, 4}, 192);
  starts_at("norm.weight", {4}, 204);
}

TEST_CASE("llama2c_bin: a negative vocabulary means an output matrix of its own") {
  const TemporaryDirectory directory;
  Header header = kSmall;
  header[5] = -5;
  const Llama2cFile file(directory.file("a.bin", bin_file(header, kSmallCount + 20)));
  CHECK(file.config().vocab_size == 5);
  CHECK_FALSE(file.config().tied_embeddings);
  const std::vector<TensorRecord> tensors = file.tensors();
  CHECK(tensors.back().name == "output.weight");
  CHECK(tensors.back().shape == std::vector<std::int64_t>{5, 4});
  CHECK(first_element(tensors.back()) == kSmallCount);
}

TEST_CASE("llama2c_bin: what is no such file is told from one") {
  const TemporaryDirectory directory;
  const auto message = [&](const std::string& content) {
    return test::file_error([&] { read_tensors(directory.file("a.bin", content)); });
  };
  CHECK_THAT(
      message(bin_file(kSmall, kSmallCount + 1)),
      contains("is 888 bytes long; as a llama2.c checkpoint with this header it would be 884"));
  CHECK_THAT(message(bin_file({0, 3, 2, 2, 1, 5, 3}, 100)), contains("dim would be 0"));
  CHECK_THAT(message(bin_file({4, -3, 2, 2, 1, 5, 3}, 100)), contains("hidden_dim would be -3"));
  CHECK_THAT(message(bin_file({4, 3, 2, 2, 1, INT32_MIN, 3}, 100)), contains("vocab_size"));
  CHECK_THAT(message(bin_file({6, 3, 2, 4, 1, 5, 3}, 100)), contains("no even head width"));
  const std::int32_t most = 1 << 30;
  CHECK_THAT(message(bin_file({most, most, 4096, 1, 1, most, most}, 10)), contains("would be"));
  CHECK_THAT(message("PK\x03\x04 a zip archive, which has more than 28 bytes"),
             contains("no llama2.c"));
  CHECK_THAT(message("<!DOCTYPE html><html><body>Not found</body></html>"), contains("web page"));
  CHECK_THAT(message("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
             contains("git-lfs pointer"));
  CHECK_THAT(message(test::little_endian(0x616B3432, 4) + std::string(252, '\1')),
             contains("later version"));
}

TEST_CASE("llama2c_bin: a cut or flipped file is refused or read, never worse") {
  const std::string content = bin_file(kSmall, kSmallCount);
  test::check_every_truncation(content, read_tensors);
  CHECK(test::check_every_flip(content, read_tensors) > 0);
}

TEST_CASE("llama2c_bin: the real stories260K") {
  const auto path = test::data_file("stories260K/stories260K.bin");
  SKIP_WITHOUT(path, "stories260K.bin");
  const Llama2cFile file(*path);
  CHECK(file.config().dim == 64);
  CHECK(file.config().hidden_dim == 172);
  CHECK(file.config().n_layers == 5);
  CHECK(file.config().n_heads == 8);
  CHECK(file.config().n_kv_heads == 4);
  CHECK(file.config().vocab_size == 512);
  const std::vector<TensorRecord> tensors = file.tensors();
  CHECK(tensors.size() == 2 + 9 * 5);
  CHECK(named(tensors, "layers.4.attention.compute_key.weight").shape ==
        std::vector<std::int64_t>{32, 64});
}
