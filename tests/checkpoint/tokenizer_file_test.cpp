#include "minillama/checkpoint/tokenizer_file.h"

#include "minillama/checkpoint/directory.h"

#include "support/byte_pairs.h"
#include "support/catch.h"
#include "support/file_error.h"

using namespace minillama;

namespace {

/// Makes it a Hugging Face directory without weights, with the tokenizer of a kind of byte pairs.
void fill(const test::TemporaryDirectory& directory, const std::string& kind) {
  directory.file("config.json", R"({"model_type": "llama", "eos_token_id": 5})");
  directory.file("tokenizer.json", test::read_text(test::byte_pairs_file(kind)));
}

ModelConfig of_vocabulary(std::int64_t size) {
  return ModelConfig{.vocab_size = size};
}

Tokenizer tokenizer_of(const test::TemporaryDirectory& directory) {
  const auto size = Tokenizer::load(tokenizer_file_in(directory.path())).vocab_size();
  return read_tokenizer_for(directory.path(), of_vocabulary(size));
}

}  // namespace

TEST_CASE("tokenizer file: tokenizer.json goes before tokenizer.model, as in transformers") {
  const test::TemporaryDirectory directory;
  CHECK(tokenizer_file_in(directory.path()).empty());
  directory.file("tokenizer.model", "");
  CHECK(tokenizer_file_in(directory.path()) == directory.path() / "tokenizer.model");
  directory.file("tokenizer.json", "");
  CHECK(tokenizer_file_in(directory.path()) == directory.path() / "tokenizer.json");
}

TEST_CASE("tokenizer file: added tokens that tokenizer.json has are not added twice") {
  const test::TemporaryDirectory directory;
  fill(directory, "gpt2");
  const auto bare = tokenizer_of(directory);
  const auto go = bare.encode("<go>").at(0);
  directory.file("added_tokens.json", "{\"<go>\": " + std::to_string(go) + "}");
  directory.file("tokenizer_config.json", R"({"add_bos_token": false, "eos_token": "<|end|>",
      "added_tokens_decoder": {")" + std::to_string(go) +
                                              R"(": {"content": "<go>", "special": false}}})");
  const auto tokenizer = tokenizer_of(directory);
  CHECK(tokenizer.vocab_size() == bare.vocab_size());
  CHECK(tokenizer.piece(tokenizer.eos_id()) == "<|end|>");
  CHECK(tokenizer.stop_ids() == std::vector<std::int64_t>{tokenizer.eos_id(), 5});

  directory.file("tokenizer_config.json", "{}");
  directory.file("added_tokens.json", "{\"<other>\": " + std::to_string(go) + "}");
  CHECK_THAT(test::file_error([&] { tokenizer_of(directory); }),
             contains("the added token \"<other>\" has the id"));
}

TEST_CASE("tokenizer file: whether BOS stands in front is what the files say") {
  const test::TemporaryDirectory llama3;
  fill(llama3, "llama3");
  CHECK(tokenizer_of(llama3).special_tokens().add_bos);
  llama3.file("tokenizer_config.json", R"({"bos_token": "<|start|>", "add_bos_token": null})");
  CHECK(tokenizer_of(llama3).special_tokens().add_bos);
  llama3.file("tokenizer_config.json", R"({"bos_token": "<|start|>", "add_bos_token": false})");
  CHECK_FALSE(tokenizer_of(llama3).special_tokens().add_bos);
  const test::TemporaryDirectory qwen2;
  fill(qwen2, "qwen2");
  CHECK_FALSE(tokenizer_of(qwen2).special_tokens().add_bos);
}

TEST_CASE("tokenizer file: a model may have more rows than there are pieces") {
  const test::TemporaryDirectory directory;
  fill(directory, "qwen2");
  const auto size = tokenizer_of(directory).vocab_size();
  REQUIRE(size > 400);
  REQUIRE(size < 512);
  for (const std::int64_t rows : {size, std::int64_t{512}, std::int64_t{640}, std::int64_t{1408}}) {
    CHECK(read_tokenizer_for(directory.path(), of_vocabulary(rows)).vocab_size() == size);
  }
  for (const std::int64_t rows : {size - 1, std::int64_t{700}, std::int64_t{1536}}) {
    CHECK_THAT(test::file_error([&] { read_tokenizer_for(directory.path(), of_vocabulary(rows)); }),
               contains("tokens, but the model"));
  }
}
