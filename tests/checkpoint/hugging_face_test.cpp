#include "minillama/checkpoint/hugging_face.h"

#include "minillama/checkpoint/language_model_file.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/formats.h"

using namespace minillama;

namespace {

/// What reading a copy of the golden directory with one part of its config changed leads to.
std::string error_with(const std::string& part, const std::string& by) {
  const test::TemporaryDirectory directory;
  test::copy_golden("_hf", directory, "config.json", part, by);
  return test::file_error([&] { read_language_model(directory.path()); });
}

}  // namespace

TEST_CASE("formats: a Hugging Face model that computes something else is refused") {
  CHECK(error_with("\"silu\"", "\"silu\"") == "accepted");
  CHECK_THAT(error_with("\"silu\"", "\"gelu\""), contains("\"hidden_act\" is \"gelu\""));
  CHECK_THAT(error_with("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\"}"),
             contains("\"rope_scaling.type\" is \"linear\""));
  CHECK_THAT(error_with("\"rope_scaling\": null", "\"attention_bias\": true"),
             contains("\"attention_bias\" is true"));
  CHECK_THAT(error_with("\"rope_scaling\": null", "\"head_dim\": 16"),
             contains("\"head_dim\" is 16"));
  CHECK_THAT(error_with("\"hidden_size\": 32", "\"hidden_size\": 1.5"),
             contains("\"hidden_size\""));
  CHECK_THAT(error_with("\"hidden_size\": 32", "\"hidden_size\": 64"),
             contains("the tensors are not those of the model"));
  CHECK_THAT(error_with("\"num_attention_heads\": 4", "\"num_attention_heads\": 0"),
             contains("n_heads is 0"));
  CHECK_THAT(error_with("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"),
             contains("1 missing: output.weight"));
  CHECK_THAT(error_with("\"llama\"", "\"gpt2\""), contains("field \"model_type\" is \"gpt2\""));
}

TEST_CASE("formats: a shard outside the directory is refused") {
  const test::TemporaryDirectory directory;
  std::filesystem::copy(test::golden("_hf") / "config.json", directory.path() / "config.json");
  directory.file("model.safetensors.index.json", R"({"weight_map": {"a": "../x.safetensors"}})");
  CHECK_THROWS_WITH(read_language_model(directory.path()),
                    contains("no name of a file in this directory"));
  directory.file("model.safetensors.index.json", R"({"weight_map": {"a": "x.safetensors"}})");
  CHECK_THROWS_WITH(read_language_model(directory.path()), contains("x.safetensors: no such file"));
}
