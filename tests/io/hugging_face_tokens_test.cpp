#include "minillama/io/hugging_face_tokens.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

HuggingFaceTokens read(const test::TemporaryDirectory& directory) {
  return read_hugging_face_tokens(directory.path());
}

}  // namespace

TEST_CASE("hugging face tokens: nothing said is what sentencepiece says") {
  const test::TemporaryDirectory directory;
  const auto tokens = read(directory);
  CHECK(tokens.special == SpecialTokens());
  CHECK(tokens.added.empty());
  CHECK_FALSE(tokens.bos_piece);
}

TEST_CASE("hugging face tokens: BOS in front or not, and the ends of a text") {
  const test::TemporaryDirectory directory;
  directory.file("config.json", R"({"eos_token_id": [2, 7]})");
  CHECK(read(directory).special.stop_ids == std::vector<std::int64_t>{2, 7});
  directory.file("generation_config.json", R"({"eos_token_id": null})");
  CHECK(read(directory).special.stop_ids == std::vector<std::int64_t>{2, 7});
  directory.file("generation_config.json", R"({"eos_token_id": 9})");
  CHECK(read(directory).special.stop_ids == std::vector<std::int64_t>{9});
  directory.file("tokenizer_config.json",
                 R"({"add_bos_token": false, "bos_token": {"content": "<s>", "lstrip": false}})");
  CHECK_FALSE(read(directory).special.add_bos);
  CHECK(read(directory).bos_piece == "<s>");
}

TEST_CASE("hugging face tokens: added ones come from both files, by id") {
  const test::TemporaryDirectory directory;
  directory.file("added_tokens.json", R"({"<b>": 11, "<a>": 10})");
  directory.file("tokenizer_config.json",
                 R"({"added_tokens_decoder": {"11": {"content": "<b>", "special": true}}})");
  CHECK(read(directory).added == std::vector<AddedToken>{{10, "<a>", false}, {11, "<b>", true}});
}

TEST_CASE("hugging face tokens: what cannot be so is refused by file and field") {
  const auto error = [](const char* file, const char* content) {
    const test::TemporaryDirectory directory;
    directory.file(file, content);
    return test::file_error([&] { read(directory); });
  };
  CHECK_THAT(error("config.json", R"({"eos_token_id": "</s>"})"), contains("\"eos_token_id\""));
  CHECK_THAT(error("generation_config.json", R"({"eos_token_id": [1.5]})"),
             contains("generation_config.json"));
  CHECK_THAT(error("tokenizer_config.json", R"({"add_eos_token": true})"),
             contains("\"add_eos_token\" is true"));
  CHECK_THAT(error("tokenizer_config.json", R"({"add_bos_token": "no"})"),
             contains("\"add_bos_token\""));
  CHECK_THAT(error("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {}}})"),
             contains("\"x\" is no id"));
  CHECK_THAT(error("added_tokens.json", R"({"<pad>": "512"})"), contains("must be an id"));
  CHECK_THAT(error("added_tokens.json", "[]"), contains("object"));
}
