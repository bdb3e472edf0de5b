#include "minillama/core/special_tokens.h"

#include <algorithm>
#include <sstream>

#include "minillama/core/error.h"
#include "minillama/model/export.h"
#include "minillama/model/module_text_generator.h"

#include "support/catch.h"
#include "support/formats.h"

using namespace minillama;

namespace {

Tokenizer unusual_tokenizer() {
  auto tokenizer = test::golden_tokenizer();
  tokenizer.set_special_tokens({.add_bos = false, .stop_ids = {5, 7}});
  return tokenizer;
}

/// A model with more rows than the golden tokenizer has pieces, all the same but for the rows,
/// which grow with their number: the last one is always the most probable.
LanguageModel padded_model(std::int64_t n_rows) {
  auto config = test::model_to_export()->config();
  config.vocab_size = n_rows;
  config.tied_embeddings = false;
  LanguageModel model(config, make_generator(1));
  const torch::NoGradGuard no_grad;
  model->output->weight.copy_(torch::arange(n_rows).unsqueeze(1).expand({n_rows, config.dim}));
  model->llama->norm->named_parameters()["weight"].fill_(1);
  return model;
}

}  // namespace

TEST_CASE("special tokens: formats that can say them give them back, others refuse") {
  auto model = test::model_to_export();
  const auto tokenizer = unusual_tokenizer();
  const test::TemporaryDirectory directory;
  for (const auto& [format, name] :
       {std::pair(ModelFormat::directory, "dir"), std::pair(ModelFormat::hugging_face, "hf"),
        std::pair(ModelFormat::gguf, "x.gguf")}) {
    INFO(name);
    const auto path = directory.path() / name;
    export_language_model(path, format, model, tokenizer, DType::float32);
    const auto read = read_tokenizer_for(path, model->config());
    CHECK(read.special_tokens() == tokenizer.special_tokens());
    CHECK(read.stop_ids() == tokenizer.stop_ids());
    CHECK(with_bos(read, {9}) == TokenIds{9});
  }
  for (const auto& [format, name] :
       {std::pair(ModelFormat::llama2c, "x.bin"), std::pair(ModelFormat::torch_save, "x.pt")}) {
    const auto path = directory.path() / name;
    CHECK_THROWS_AS(export_language_model(path, format, model, tokenizer, DType::float32),
                    OptionError);
    CHECK_FALSE(std::filesystem::exists(path));
  }
}

TEST_CASE("special tokens: a text ends at each of them") {
  const auto tokenizer = unusual_tokenizer();
  CHECK(tokenizer.stop_ids() == std::vector<std::int64_t>{1, 2, 5, 7});
  auto usual = test::golden_tokenizer();
  CHECK(usual.stop_ids() == std::vector<std::int64_t>{1, 2});
  CHECK_THROWS_AS(usual.set_special_tokens({.stop_ids = {usual.vocab_size()}}), OptionError);
  usual.set_special_tokens({.stop_ids = {2, 1}});  // said anyway
  CHECK(usual.special_tokens() == SpecialTokens());
}

TEST_CASE("special tokens: added pieces stand for themselves or have no text") {
  auto tokenizer = test::golden_tokenizer();
  const auto size = tokenizer.vocab_size();
  tokenizer.add_piece("<go>", false);
  tokenizer.add_piece("<stop>", true);
  CHECK(tokenizer.vocab_size() == size + 2);
  CHECK(tokenizer.decode(std::vector<std::int64_t>{size, size + 1}) == "<go>");
  const auto ids = tokenizer.encode("a<go>b");
  CHECK(std::ranges::count(ids, size) == 1);
  CHECK_THROWS_AS(tokenizer.add_piece("<go>", false), OptionError);
}

TEST_CASE("special tokens: rows without a piece are never chosen") {
  const auto pieces = test::golden_tokenizer().vocab_size();
  const auto rows = (pieces + 64) / 64 * 64;
  ModuleTextGenerator generator(padded_model(rows), test::golden_tokenizer());
  for (const double temperature : {0.0, 1.0}) {
    for (const bool use_engine : {true, false}) {
      std::ostringstream text;
      const auto generation = generator.generate("a",
                                                 {.max_new_tokens = 8,
                                                  .temperature = temperature,
                                                  .stop_at_end = false,
                                                  .use_engine = use_engine},
                                                 text);
      CHECK(generation.ids.size() == 8);
      for (const auto id : generation.ids) CHECK(id < pieces);
    }
  }
  const test::TemporaryDirectory directory;
  export_language_model(directory.path() / "x.gguf", ModelFormat::gguf, generator.model(),
                        generator.tokenizer(), DType::float32);
  CHECK(read_language_model(directory.path() / "x.gguf")->config().vocab_size == pieces);
}

TEST_CASE("special tokens: a tokenizer of another size is refused") {
  const test::TemporaryDirectory directory;
  auto model = test::model_to_export();
  write_language_model(directory.path(), model, test::golden_tokenizer());
  auto config = model->config();
  for (const std::int64_t rows : {config.vocab_size - 1, config.vocab_size * 9 + 1}) {
    config.vocab_size = rows;
    CHECK_THROWS_AS(read_tokenizer_for(directory.path(), config), FileError);
  }
}
