#include "minillama/checkpoint/hugging_face.h"

#include "minillama/core/json.h"
#include "minillama/io/safetensors.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/tensors.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/formats.h"
#include "support/tensors.h"

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
             contains("\"rope_scaling.factor\" is missing"));
  CHECK_THAT(error_with("\"rope_scaling\": null", "\"attention_bias\": true"),
             contains("layers.0.attention.compute_query.bias"));
  CHECK_THAT(error_with("\"rope_scaling\": null", "\"head_dim\": 16"),
             contains("compute_query.weight is [32, 32], must be [64, 32]"));
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

TEST_CASE("formats: modules of every architecture compute what transformers computes") {
  const SafetensorsFile file(test::repository_file("tests/reference/configs_expected.safetensors"));
  const auto expected = [&](const std::string& name) {
    const auto tensors = file.tensors();
    const auto found = std::ranges::find(tensors, name, &TensorRecord::name);
    REQUIRE(found != tensors.end());
    return to_tensor(*found);
  };
  const auto ids = expected("ids").to(torch::kLong);
  for (const auto& [name, scaling] : file.metadata()) {
    INFO(name);
    const test::TemporaryDirectory directory;
    const auto from =
        test::repository_file("tests/reference/configs_" + name.substr(0, name.find('.')));
    std::filesystem::copy(from / "model.safetensors", directory.path());
    Json config = Json::parse(test::read_text(from / "config.json"));
    config["rope_scaling"] = Json::parse(scaling);
    directory.file("config.json", config.dump());
    auto model = read_language_model(directory.path());
    const torch::NoGradGuard no_grad;
    CHECK(test::difference(model(ids).squeeze(0), expected(name + ".logits"), 1e-4, 1e-4) == "");
  }
}

TEST_CASE("formats: pickled shards hold the model that safetensors' hold") {
  const auto model = read_language_model(test::golden("_hf_pickled"));
  CHECK(test::model_difference(model, read_language_model(test::golden("_hf_sharded"))) == "");
}

TEST_CASE("formats: one file of tensors is read beside its config, and with one that is named") {
  const auto expected = read_language_model(test::golden("_hf_sharded"));
  const auto config = test::golden("_hf") / "config.json";
  const test::TemporaryDirectory directory;
  std::filesystem::copy(config, directory.path());
  std::filesystem::copy(test::golden("_wrapped.bin"), directory.path() / "pytorch_model.bin");
  CHECK(test::model_difference(read_language_model(directory.path()), expected) == "");

  const auto named = read_language_model(test::golden("_wrapped.bin"), {.config = config});
  CHECK(test::model_difference(named, expected) == "");
  const auto safetensors =
      read_language_model(test::golden("_hf/model.safetensors"), {.config = config});
  CHECK(test::model_difference(safetensors, read_language_model(test::golden("_hf"))) == "");
}

TEST_CASE("formats: the index decides which shard a tensor is from, and all must be there") {
  const test::TemporaryDirectory directory;
  for (const auto& entry : std::filesystem::directory_iterator(test::golden("_hf_sharded"))) {
    std::filesystem::copy(entry, directory.path());
  }
  // The whole model under the second shard's name: its first half is there twice.
  std::filesystem::copy(test::golden("_hf/model.safetensors"),
                        directory.path() / "model-00002-of-00002.safetensors",
                        std::filesystem::copy_options::overwrite_existing);
  const auto mixed = read_language_model(directory.path());
  const auto half = read_language_model(test::golden("_hf_sharded"));
  const auto whole = read_language_model(test::golden("_hf"));
  const auto& embeddings = mixed->llama->tok_embeddings->weight;
  CHECK(torch::equal(embeddings, half->llama->tok_embeddings->weight));
  CHECK_FALSE(torch::equal(embeddings, whole->llama->tok_embeddings->weight));

  std::filesystem::copy(test::golden("_hf_sharded/model-00001-of-00002.safetensors"),
                        directory.path() / "model-00002-of-00002.safetensors",
                        std::filesystem::copy_options::overwrite_existing);
  CHECK_THROWS_WITH(read_language_model(directory.path()), contains("lacks the tensor"));
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
