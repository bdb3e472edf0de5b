#include "minillama/core/model_config.h"

#include "minillama/core/error.h"
#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

TEST_CASE("the feed-forward width defaults to 8/3 dim, rounded up") {
  CHECK(ModelConfig{.dim = 512}.resolved().hidden_dim == 1376);  // stories42M
  CHECK(ModelConfig{.dim = 256}.resolved().hidden_dim == 704);   // reviews5M
  CHECK(ModelConfig{.dim = 4096, .n_heads = 32, .multiple_of = 256}.resolved().hidden_dim == 11008);
  CHECK(ModelConfig{.dim = 64, .hidden_dim = 172}.resolved().hidden_dim == 172);
}

TEST_CASE("key/value heads default to the query heads") {
  CHECK(ModelConfig{.n_heads = 8}.resolved().n_kv_heads == 8);
  CHECK(ModelConfig{.n_heads = 8, .n_kv_heads = 2}.resolved().n_kv_heads == 2);
}

TEST_CASE("configs that describe no model are refused by field") {
  const auto message = [](ModelConfig config) -> std::string {
    try {
      config.resolved();
    } catch (const OptionError& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK(message({.dim = 0}) == "model config: dim is 0, must lie between 2 and 1073741824");
  CHECK_THAT(message({.dim = -4}), contains("dim is -4"));
  CHECK_THAT(message({.dim = INT64_MAX}), contains("dim is"));
  CHECK_THAT(message({.n_layers = 0}), contains("n_layers is 0"));
  CHECK_THAT(message({.n_heads = 0}), contains("n_heads is 0"));
  CHECK_THAT(message({.dim = 10, .n_heads = 4}), contains("dim 10 over n_heads 4"));
  CHECK_THAT(message({.dim = 12, .n_heads = 4}), contains("no even head width"));
  CHECK_THAT(message({.n_heads = 8, .n_kv_heads = 3}), contains("n_kv_heads 3 does not divide"));
  CHECK_THAT(message({.n_kv_heads = 16}), contains("n_kv_heads is 16"));
  CHECK_THAT(message({.vocab_size = 0}), contains("vocab_size is 0"));
  CHECK_THAT(message({.max_seq_len = 0}), contains("max_seq_len is 0"));
  CHECK_THAT(message({.norm_eps = 0}), contains("norm_eps is 0"));
  CHECK_THAT(message({.rope_theta = NAN}), contains("rope_theta is nan"));
  CHECK_THAT(message({.dropout = 1}), contains("dropout is 1"));
}

TEST_CASE("a config survives JSON") {
  const ModelConfig config = ModelConfig{.dim = 64,
                                         .n_layers = 5,
                                         .n_heads = 8,
                                         .n_kv_heads = 4,
                                         .hidden_dim = 172,
                                         .vocab_size = 512,
                                         .max_seq_len = 77,
                                         .norm_eps = 1e-6,
                                         .rope_theta = 5e5,
                                         .dropout = 0.25,
                                         .norm = NormKind::rmsnorm,
                                         .attention = AttentionKind::full,
                                         .tied_embeddings = false}
                                 .resolved();
  Json json;
  write_model_config(config, json);
  CHECK(read_model_config(parse_json(json.dump(), "config.json"), "config.json") == config);
}

TEST_CASE("a config.json with a wrong field is refused by file and field") {
  Json good;
  write_model_config(ModelConfig{}.resolved(), good);
  const auto message = [&](const std::string& key, const Json& value) {
    Json json = good;
    json[key] = value;
    return test::file_error([&] { read_model_config(json, "config.json"); });
  };
  CHECK(message("dim", nullptr) == "config.json: field \"dim\" is missing");
  CHECK(message("dim", 1.5) == "config.json: field \"dim\" is 1.5, must be an integer");
  CHECK_THAT(message("dim", UINT64_MAX), contains("too large"));
  CHECK_THAT(message("dim", "64"), contains("must be an integer"));
  CHECK_THAT(message("dim", -1), contains("config.json: model config: dim is -1"));
  CHECK_THAT(message("norm", "batchnorm"), contains("\"batchnorm\""));
  CHECK_THAT(message("attention", 3), contains("must be a string"));
  CHECK_THAT(message("tie_word_embeddings", 1), contains("true or false"));
}

TEST_CASE("broken JSON is refused in one line") {
  for (const std::string text : {"", "{", "[1,]", "{\"a\":\"\xff\"}", "{} x", "nul"}) {
    try {
      parse_json(text, "c.json");
      FAIL("accepted " << text);
    } catch (const FileError& error) {
      CHECK_THAT(error.what(), Catch::Matchers::Matches("c\\.json(:1)?: not valid JSON.*"));
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("a config.json that is cut or has a wrong byte is refused or read, never worse") {
  const auto read = [](const std::filesystem::path& path) {
    read_model_config(parse_json(test::read_text(path), path), path);
  };
  std::string content = test::read_text(test::repository_file("checkpoints/reviews/config.json"));
  if (content.ends_with("\n")) content.pop_back();  // which JSON does not need
  test::check_every_truncation(content, read);
  CHECK(test::check_every_flip(content, read) > 0);
}
