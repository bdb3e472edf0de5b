#include "minillama/model/language_model_file.h"

#include "minillama/checkpoint/directory.h"
#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"
#include "support/formats.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

const auto kTinyLayerNorm = "tests/reference/tiny_layernorm.pt";
const auto kTinyRmsNorm = "tests/reference/tiny_rmsnorm.pt";

/// A model for that tokenizer that differs from the defaults where it can.
LanguageModel small_model(const Tokenizer& tokenizer, bool tied = true) {
  auto config = test::small_config();
  config.vocab_size = tokenizer.vocab_size();
  config.norm_eps = 1e-6;
  config.rope_theta = 5e5;
  config.norm = NormKind::rmsnorm;
  config.tied_embeddings = tied;
  return LanguageModel(config, make_generator(4));
}

std::string read_error(const std::filesystem::path& path) {
  return test::file_error([&] { read_language_model(path); });
}

}  // namespace

TEST_CASE("language model file: a model that is changed leaves its file alone") {
  const test::TemporaryDirectory directory;
  const auto tokenizer = test::small_tokenizer();
  auto written = small_model(tokenizer);
  write_language_model(directory.path(), written, tokenizer);
  const auto before = test::read_text(directory.path() / "model.safetensors");
  auto model = read_language_model(directory.path());
  const torch::NoGradGuard no_grad;
  for (auto& parameter : model->parameters()) parameter.add_(1);
  CHECK(test::read_text(directory.path() / "model.safetensors") == before);
  CHECK(model->llama->norm->weight.equal(written->llama->norm->weight + 1));
  // Nor does a new file change a model that was read from the old one.
  const auto kept = model->llama->tok_embeddings->weight.clone();
  write_language_model(directory.path(), written, tokenizer);
  CHECK(model->llama->tok_embeddings->weight.equal(kept));
}

TEST_CASE("language model file: torch.save checkpoints say what the model is") {
  const auto layernorm = read_language_model(test::repository_file(kTinyLayerNorm));
  CHECK(layernorm->config() == ModelConfig{.dim = 16,
                                           .n_layers = 2,
                                           .n_heads = 4,
                                           .n_kv_heads = 2,
                                           .hidden_dim = 48,
                                           .multiple_of = 8,
                                           .vocab_size = 61,
                                           .max_seq_len = 24}
                                   .resolved());
  CHECK_FALSE(layernorm->is_training());
  // llama2.c's spelling means its norm.
  CHECK(read_language_model(test::repository_file(kTinyRmsNorm))->config().norm ==
        NormKind::rmsnorm);
  CHECK(
      read_language_model(test::repository_file(kTinyLayerNorm), {.attention = AttentionKind::full})
          ->config()
          .attention == AttentionKind::full);
}

TEST_CASE("language model file: the models that ship have one vocabulary and expect a review") {
  const auto larger = test::repository_file("checkpoints/reviews");
  const auto tiny = test::repository_file("checkpoints/reviews-tiny");
  CHECK(test::read_text(larger / "tokenizer.model") == test::read_text(tiny / "tokenizer.model"));
  for (const auto& path : {larger, tiny}) {
    auto model = read_language_model(path);
    auto tokenizer = read_tokenizer_for(path, model->config());
    const auto ids =
        tokenizer.encode("The acting is good but the story is slow and the end is bad.");
    const auto input = torch::tensor(ids).unsqueeze(0);
    const torch::NoGradGuard no_grad;
    const auto log_probabilities = model(input)[0].log_softmax(-1);  // [T, V]
    const auto n = std::ssize(ids) - 1;
    const auto of_next =
        log_probabilities.slice(0, 0, n).gather(1, input[0].slice(0, 1).view({n, 1}));
    CHECK(-of_next.mean().item<double>() < 5);  // chance: ln 8192 = 9
  }
}

TEST_CASE("language model file: llama2.c's model is read with its grouped heads") {
  const auto path = test::data_file("stories260K/stories260K.bin");
  SKIP_WITHOUT(path, "stories260K/stories260K.bin");
  const auto model = read_language_model(*path);
  const auto& config = model->config();
  CHECK(config.dim == 64);
  CHECK(config.n_layers == 5);
  CHECK(config.n_heads == 8);
  CHECK(config.n_kv_heads == 4);
  CHECK(config.vocab_size == 512);
  CHECK(config.norm == NormKind::rmsnorm);
  CHECK(config.attention == AttentionKind::causal);
}

TEST_CASE("language model file: a directory holds what was written to it, bit for bit") {
  const auto tokenizer = test::small_tokenizer();
  for (const bool tied : {true, false}) {
    const test::TemporaryDirectory directory;
    auto model = small_model(tokenizer, tied);
    write_language_model(directory.path() / "m", model, tokenizer);
    const auto copy = read_language_model(directory.path() / "m");
    CHECK(test::model_difference(copy, model) == "");
    const auto its_tokenizer = read_tokenizer_for(directory.path() / "m", copy->config());
    CHECK((its_tokenizer.files() == tokenizer.files()));
  }
}

TEST_CASE("language model file: half precision is half the file, and rounds") {
  const auto tokenizer = test::small_tokenizer();
  const test::TemporaryDirectory directory;
  auto model = small_model(tokenizer);
  write_language_model(directory.path() / "half", model, tokenizer, torch::kHalf);
  const auto copy = read_language_model(directory.path() / "half");
  for (const auto& item : copy->named_parameters()) {
    CHECK(item.value().scalar_type() == torch::kFloat);
    CHECK(item.value().equal(
        model->named_parameters()[item.key()].to(torch::kHalf).to(torch::kFloat)));
  }
}

TEST_CASE("language model file: tensors that are not the config's are refused") {
  const auto tokenizer = test::small_tokenizer();
  const test::TemporaryDirectory directory;
  auto model = small_model(tokenizer);
  const auto path = directory.path() / "m";
  write_language_model(path, model, tokenizer);
  auto config = test::read_text(path / "config.json");
  config.replace(config.find("\"n_layers\": 2"), 13, "\"n_layers\": 3");
  directory.file("m/config.json", config);
  CHECK_THAT(read_error(path),
             contains("model.safetensors: the tensors are not those of the model; "
                      "9 missing: layers.2.attention.compute_query.weight"));
}

TEST_CASE("language model file: what is no checkpoint is refused, and says why") {
  const test::TemporaryDirectory directory;
  CHECK_THAT(read_error(directory.path() / "absent.pt"), contains("absent.pt: no such file"));
  CHECK_THAT(read_error(directory.path()), contains("without config.json"));
  CHECK_THAT(read_error(directory.file("empty.pt", "")), contains("is empty"));
  CHECK_THAT(read_error(directory.file("page.pt", "<!DOCTYPE html>\n<html>404</html>")),
             contains("page.pt: "));
  CHECK_THAT(read_error(directory.file("x.pt", "PK\x03\x04 and no more")), contains("x.pt: "));
  CHECK_THAT(read_error(directory.file("x.bin", std::string(100, 'x'))), contains("x.bin: "));
  CHECK_THAT(read_error(test::repository_file("tests/reference/tiny_expected.pt")),
             contains("holds no model_args: give the model's config.json"));

  std::filesystem::create_directory(directory.path() / "hf");
  directory.file("hf/config.json", "{\"model_type\": \"gpt2\"}");
  CHECK_THAT(read_error(directory.path() / "hf"), contains("field \"model_type\" is \"gpt2\""));
}

TEST_CASE("language model file: a shape that the file does not tell is asked for, never guessed") {
  const auto path = test::repository_file("tests/reference/torch_save_finetuned.pt");
  CHECK_THAT(read_error(path), contains("holds no model_args: give the model's config.json"));
}

TEST_CASE("language model file: the tokenizer is found beside the model and must fit it") {
  const test::TemporaryDirectory directory;
  const auto bpe = test::repository_file("tests/reference/bpe.model");
  const auto size = test::small_tokenizer().vocab_size();
  const auto model = directory.file("model.pt", "x");
  CHECK_THROWS_WITH(
      read_tokenizer_for(model, {.vocab_size = size}),
      contains("model.pt: no tokenizer.json or tokenizer.model or tokenizer.bin beside it"));
  std::filesystem::copy(bpe, directory.path() / "tokenizer.model");
  CHECK(read_tokenizer_for(model, {.vocab_size = size}).vocab_size() == size);
  CHECK_THROWS_WITH(read_tokenizer_for(model, {.vocab_size = 32000}),
                    contains("tokens, but the model"));
  CHECK_THROWS_WITH(read_tokenizer_for(model, {.vocab_size = size}, directory.path() / "t.model"),
                    contains("t.model: no such file"));
}

TEST_CASE("language model file: a full disk leaves the old checkpoint alone") {
  const auto tokenizer = test::small_tokenizer();
  auto model = small_model(tokenizer);
  CHECK_THROWS_AS(write_language_model("/proc/minillama-cannot-write-here", model, tokenizer),
                  IoError);
}
