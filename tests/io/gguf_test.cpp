#include "minillama/io/gguf.h"

#include <array>

#include "minillama/core/error.h"
#include "minillama/io/gguf_tokenizer.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/file_error.h"
#include "support/files.h"
#include "support/zip_writer.h"

using namespace minillama;
using test::little_endian;
using test::TemporaryDirectory;

namespace {

std::filesystem::path golden() {
  return test::repository_file("tests/reference/formats_f32.gguf");
}

/// Looks at everything in the file.
void read_all(const std::filesystem::path& path) {
  const GgufFile file(path);
  for (const TensorRecord& tensor : file.tensors()) {
    unsigned sum = 0;
    for (const std::byte byte : tensor.data) sum += static_cast<unsigned>(byte);
    if (sum == 1) return;  // so that it is computed
  }
  if (file.has("tokenizer.ggml.tokens")) read_gguf_tokenizer(file);
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

std::string text(const std::string& value) {
  return little_endian(value.size(), 8) + value;
}

/// A file of these entries; `alignment` is where the data begins.
std::string file_of(const std::vector<std::string>& metadata,
                    const std::vector<std::string>& tensors, const std::string& data = "",
                    std::size_t alignment = 32) {
  std::string out = "GGUF" + little_endian(3, 4) + little_endian(tensors.size(), 8) +
                    little_endian(metadata.size(), 8);
  for (const auto& entry : metadata) out += entry;
  for (const auto& entry : tensors) out += entry;
  out.resize((out.size() + alignment - 1) / alignment * alignment);
  return out + data;
}

std::string tensor(const std::string& name, const std::vector<std::uint64_t>& sizes,
                   std::uint32_t type, std::uint64_t offset) {
  std::string out = text(name) + little_endian(sizes.size(), 4);
  for (const auto size : sizes) out += little_endian(size, 8);
  return out + little_endian(type, 4) + little_endian(offset, 8);
}

}  // namespace

TEST_CASE("gguf: a file of another program's is read") {
  const GgufFile file(golden());
  CHECK(file.text("general.architecture") == "llama");
  CHECK(file.integer("llama.block_count") == 2);
  CHECK(file.integer("llama.feed_forward_length") == 32);  // a UINT64
  CHECK(file.number("llama.attention.layer_norm_rms_epsilon") == 1e-5);
  CHECK(file.boolean("tokenizer.ggml.add_bos_token"));
  CHECK(file.texts("tokenizer.ggml.tokens").size() == 268);
  CHECK(file.floats("tokenizer.ggml.scores").back() == -8);
  CHECK(file.integers("tokenizer.ggml.token_type")[3] == 6);
  CHECK_FALSE(file.has("llama.rope.freq_base"));
  REQUIRE(file.tensors().size() == 20);
  CHECK(file.tensors()[0].name == "token_embd.weight");
  CHECK(file.tensors()[0].shape == std::vector<std::int64_t>{268, 32});
  CHECK(file.tensors()[0].data.size() == 268 * 32 * 4);
  CHECK_THROWS_WITH(file.integer("general.architecture"), contains("is no integer"));
  CHECK_THROWS_WITH(file.text("llama.block_count"), contains("is no string"));
  CHECK_THROWS_WITH(file.number("absent"), contains("\"absent\" is missing"));
  CHECK_THROWS_WITH(file.floats("tokenizer.ggml.tokens"), contains("is no array of float32"));
}

TEST_CASE("gguf: every truncation and every wrong byte of the header is survived") {
  const std::string content = test::read_text(golden());
  test::check_every_truncation(content, read_all);
  const std::string head =
      test::read_text(test::repository_file("tests/reference/formats_q8_0.gguf")).substr(0, 1200);
  // Flips in what comes before the vocabulary, and in the tensors' table of a small file.
  CHECK(test::check_every_flip(head, read_all) > 0);
  const std::string small =
      file_of({text("general.alignment") + little_endian(4, 4) + little_endian(64, 4)},
              {tensor("a", {32, 2}, 8, 0), tensor("b", {3}, 0, 128)}, std::string(140, 'x'), 64);
  CHECK(error_of(small) == "accepted");
  CHECK(test::check_every_flip(small, read_all) > 100);
}

TEST_CASE("gguf: what is written is read again") {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "x.gguf";
  const std::array<float, 6> floats = {0, 1, 2, 3, 4, 5};
  const std::array<std::byte, 34> block{};
  const std::vector<std::pair<std::string, GgufValue>> metadata = {
      {"number", std::uint32_t{7}},
      {"real", 0.1F},
      {"flag", true},
      {"text", std::string("\u00e9")},
      {"texts", std::vector<std::string>{"a", ""}},
      {"reals", std::vector<float>{1, 2}},
      {"integers", std::vector<std::int32_t>{-1}}};
  const std::array<TensorRecord, 2> tensors = {
      TensorRecord{"m", DType::float32, {2, 3}, {3, 1}, std::as_bytes(std::span(floats))},
      TensorRecord{"q", DType::q8_0, {1, 32}, {32, 1}, block}};
  write_gguf(path, metadata, tensors);
  const GgufFile file(path);
  CHECK(file.integer("number") == 7);
  CHECK(file.number("real") == 0.1);
  CHECK(file.boolean("flag"));
  CHECK(file.text("text") == "\u00e9");
  CHECK(file.texts("texts") == std::vector<std::string_view>{"a", ""});
  CHECK(file.floats("reals") == std::vector<float>{1, 2});
  CHECK(file.integers("integers") == std::vector<std::int32_t>{-1});
  REQUIRE(file.tensors().size() == 2);
  CHECK(file.tensors()[0].shape == std::vector<std::int64_t>{2, 3});
  CHECK(as_text(file.tensors()[0].data) == as_text(std::as_bytes(std::span(floats))));
  CHECK(file.tensors()[1].data.size() == 34);

  const std::array<TensorRecord, 1> wrong = {
      TensorRecord{"m", DType::float32, {2, 2}, {2, 1}, block}};
  CHECK_THROWS_AS(write_gguf(path, metadata, wrong), FileError);
  CHECK(GgufFile(path).integer("number") == 7);  // what was there stays
}

TEST_CASE("gguf: what lies is refused, and says where") {
  const std::string flag = text("k") + little_endian(7, 4) + "\x01";
  CHECK_THAT(error_of("GGUX"), contains("is no GGUF file"));
  CHECK_THAT(error_of("GGUF" + little_endian(1, 4) + std::string(16, '\0')), contains("version 1"));
  CHECK_THAT(error_of("GGUF" + std::string("\0\0\0\3", 4) + std::string(16, '\0')),
             contains("big-endian"));
  CHECK_THAT(
      error_of("GGUF" + little_endian(3, 4) + little_endian(UINT64_MAX, 8) + little_endian(0, 8)),
      contains("at most 65536"));
  CHECK_THAT(error_of(file_of({flag, flag}, {})), contains("\"k\" is there twice"));
  CHECK_THAT(error_of(file_of({text("k") + little_endian(99, 4)}, {})), contains("type 99"));
  CHECK_THAT(
      error_of(file_of(
          {text("k") + little_endian(9, 4) + little_endian(9, 4) + little_endian(1, 8)}, {})),
      contains("an array in an array"));
  CHECK_THAT(error_of(file_of({text("k") + little_endian(9, 4) + little_endian(8, 4) +
                               little_endian(UINT64_MAX, 8)},
                              {})),
             contains("truncated?"));
  CHECK_THAT(error_of(file_of(
                 {text("general.alignment") + little_endian(4, 4) + little_endian(48, 4)}, {})),
             contains("must be a power of 2"));
  const std::string data(256, 'x');
  const auto refused = [&](const std::vector<std::string>& tensors, const std::string& message) {
    CHECK_THAT(error_of(file_of({}, tensors, data)), contains(message));
  };
  refused({tensor("a", {4}, 0, 0), tensor("a", {4}, 0, 32)}, "is there twice");
  refused({tensor("a", {1, 1, 1, 1, 1}, 0, 0)}, "has 5 dimensions");
  refused({tensor("a", {0}, 0, 0)}, "has a dimension of 0");
  refused({tensor("a", {UINT64_MAX}, 0, 0)}, "has a dimension of 18446744073709551615");
  refused({tensor("a", {300, 300, 300, 300}, 0, 0)}, "more than the file has bytes");
  refused({tensor("a", {32}, 16, 0)}, "is of ggml type 16 (IQ2_XXS)");
  refused({tensor("a", {32}, 12, 0)}, "no multiple of 256");
  refused({tensor("a", {16}, 8, 0)}, "no multiple of 32");
  refused({tensor("a", {4}, 0, 8)}, "not aligned to 32");
  refused({tensor("a", {64}, 0, 32)}, "leave the 256 bytes");
  refused({tensor("a", {16}, 0, 0), tensor("b", {4}, 0, 32)}, "overlap");
  refused({tensor("a", {4}, 0, UINT64_MAX - 31)}, "leave the 256 bytes");
}

TEST_CASE("gguf: the tokenizer within") {
  const auto model = read_gguf_tokenizer(GgufFile(golden()));
  REQUIRE(model.pieces.size() == 268);
  CHECK(model.algorithm == SentencePieceModel::Algorithm::bpe);
  CHECK(model.byte_fallback);
  CHECK(model.add_dummy_prefix);
  CHECK_FALSE(model.remove_extra_whitespaces);
  CHECK(model.bos_id == 1);
  CHECK(model.pieces[261].text == "\u2581the");

  const TemporaryDirectory directory;
  write_gguf(directory.path() / "t", gguf_tokenizer(model, {}), {});
  CHECK(serialize(read_gguf_tokenizer(GgufFile(directory.path() / "t"))) == serialize(model));

  auto entries = gguf_tokenizer(model, {});
  const auto error_with = [&](std::size_t entry, const GgufValue& value) {
    auto changed = entries;
    changed[entry].second = value;
    write_gguf(directory.path() / "t", changed, {});
    return test::file_error([&] { read_gguf_tokenizer(GgufFile(directory.path() / "t")); });
  };
  CHECK_THAT(error_with(1, std::vector<std::string>{"a"}), contains("1 tokens, 268 scores"));
  CHECK_THAT(error_with(3, std::vector<std::int32_t>(268, 7)), contains("unknown type 7"));
  CHECK_THAT(error_with(3, std::vector<std::int32_t>(268, 1)), contains("no unknown piece"));
  CHECK_THAT(error_with(entries.size() - 1, std::uint32_t{268}), contains("there are 268 tokens"));

  auto unigram = model;
  unigram.algorithm = SentencePieceModel::Algorithm::unigram;
  CHECK_THROWS_AS(gguf_tokenizer(unigram, {}), OptionError);
}
