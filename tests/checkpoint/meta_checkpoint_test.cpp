#include "minillama/checkpoint/meta_checkpoint.h"

#include "minillama/model/language_model_file.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/formats.h"

using namespace minillama;

namespace {

/// What reading a copy of the golden directory with one part of params.json changed leads to.
std::string error_of_params(const std::string& part, const std::string& by) {
  const test::TemporaryDirectory directory;
  test::copy_golden("_meta", directory, "params.json", part, by);
  return test::file_error([&] { read_language_model(directory.path()); });
}

}  // namespace

TEST_CASE("meta checkpoint: the model is the one of Hugging Face's files") {
  const auto model = read_language_model(test::golden("_meta"));
  CHECK(model->config().max_seq_len == 2048);
  CHECK(model->config().hidden_dim == 32);
  const auto expected = read_language_model(test::golden("_hf_sharded"));
  const auto theirs = expected->named_parameters();
  REQUIRE(model->named_parameters().size() == theirs.size());
  for (const auto& parameter : model->named_parameters()) {
    INFO(parameter.key());
    CHECK(torch::equal(parameter.value(), theirs[parameter.key()]));
  }
}

TEST_CASE("meta checkpoint: the tokenizer is beside the model or one directory above") {
  const test::TemporaryDirectory directory;
  std::filesystem::copy(test::golden("_meta"), directory.path() / "7B");
  const auto config = read_language_model(directory.path() / "7B")->config();
  directory.file("tokenizer.model", test::golden_tokenizer().files()[0].content);
  CHECK(read_tokenizer_for(directory.path() / "7B", config).vocab_size() == config.vocab_size);
}

TEST_CASE("meta checkpoint: what params.json says is honoured or refused") {
  CHECK(error_of_params("\"vocab_size\": -1", "\"vocab_size\": 268") == "accepted");
  CHECK(error_of_params("\"vocab_size\": -1", "\"use_scaled_rope\": false") == "accepted");
  CHECK_THAT(error_of_params("\"vocab_size\": -1", "\"vocab_size\": 300"),
             contains("\"vocab_size\""));
  CHECK_THAT(error_of_params("\"vocab_size\": -1", "\"use_scaled_rope\": true"),
             contains("\"use_scaled_rope\" is true"));
  CHECK_THAT(error_of_params("\"vocab_size\": -1", "\"moe\": {}"), contains("\"moe\""));
  CHECK_THAT(error_of_params("\"dim\": 32", "\"dim\": 64"), contains("not those of the model"));
  CHECK_THAT(error_of_params("\"n_layers\": 2", "\"n_layers\": 3"),
             contains("not those of the model"));
  CHECK_THAT(error_of_params("\"n_heads\": 4", "\"n_heads\": 3"), contains("n_heads"));

  const test::TemporaryDirectory directory;
  test::copy_golden("_meta", directory, "params.json", "-1", "-1");
  directory.file("consolidated.01.pth", "x");
  CHECK_THROWS_WITH(read_language_model(directory.path()), contains("in several files"));
}
