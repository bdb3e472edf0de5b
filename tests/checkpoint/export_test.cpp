#include "minillama/model/export.h"

#include <array>

#include <fmt/format.h>

#include "minillama/checkpoint/chat_template_file.h"
#include "minillama/core/error.h"
#include "minillama/core/position_schemes.h"
#include "minillama/model/adapters.h"
#include "minillama/model/language_model_file.h"

#include "support/catch.h"
#include "support/formats.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

constexpr std::array kFormats = {ModelFormat::directory, ModelFormat::hugging_face,
                                 ModelFormat::llama2c, ModelFormat::torch_save, ModelFormat::gguf};

}  // namespace

TEST_CASE("export: what another model left in a directory is not taken for the new one's") {
  const test::TemporaryDirectory directory;
  directory.file("adapter_config.json", "{}");
  directory.file("generation_config.json", R"({"eos_token_id": 5})");
  directory.file("model.safetensors.index.json", "{}");
  directory.file("notes.txt", "mine");
  auto model = read_language_model(test::golden(".bin"));
  for (const auto format : {ModelFormat::hugging_face, ModelFormat::directory}) {
    export_language_model(directory.path(), format, model, test::golden_tokenizer(),
                          DType::float32);
    const auto again = read_language_model(directory.path());
    CHECK(test::model_difference(again, model) == "");
    CHECK(read_tokenizer_for(directory.path(), again->config()).special_tokens() ==
          test::golden_tokenizer().special_tokens());
    CHECK(test::read_text(directory.path() / "notes.txt") == "mine");
  }
  CHECK_FALSE(std::filesystem::exists(directory.path() / "tokenizer_config.json"));
}

TEST_CASE("export: a chat template goes with the model, and not into the place of another") {
  const test::TemporaryDirectory directory;
  auto model = test::model_to_export(NormKind::rmsnorm);
  auto tokenizer = test::golden_tokenizer();
  const std::string jinja = "{{ bos_token }}\n{% for message in messages %}…";
  tokenizer.set_chat_template(jinja);
  for (const auto format : {ModelFormat::directory, ModelFormat::hugging_face, ModelFormat::gguf}) {
    const auto path = directory.path() / std::to_string(static_cast<int>(format));
    export_language_model(path, format, model, tokenizer, DType::float32);
    const auto read = read_chat_template(path);
    REQUIRE(read);
    CHECK(read->jinja == jinja);
    auto other = test::model_to_export(NormKind::rmsnorm, false);
    export_language_model(path, format, other, test::golden_tokenizer(), DType::float32);
    CHECK_FALSE(read_chat_template(path));
  }
}

TEST_CASE("formats: a float32 model survives every format bit for bit") {
  const auto tokenizer = test::golden_tokenizer();
  for (const bool tied : {true, false}) {
    for (const auto format : kFormats) {
      INFO("format " << static_cast<int>(format) << ", tied " << tied);
      const test::TemporaryDirectory directory;
      const auto path = directory.path() / "model";
      auto model = test::model_to_export(NormKind::rmsnorm, tied);
      export_language_model(path, format, model, tokenizer, DType::float32);
      auto copy = read_language_model(path);
      CHECK(test::model_difference(copy, model) == "");
      CHECK((read_tokenizer_for(path, copy->config()).files() == tokenizer.files()));
    }
  }
}

TEST_CASE("formats: norms, epsilon and theta survive where the format has them") {
  const auto tokenizer = test::golden_tokenizer();
  const test::TemporaryDirectory directory;
  auto config = test::model_to_export()->config();
  config.norm_eps = 1e-6;
  config.rope_theta = 5e5;
  LanguageModel model(config, make_generator(1));
  for (const auto format : {ModelFormat::directory, ModelFormat::hugging_face, ModelFormat::gguf}) {
    const auto path = directory.path() / std::to_string(static_cast<int>(format));
    export_language_model(path, format, model, tokenizer, DType::float32);
    CHECK(test::model_difference(read_language_model(path), model) == "");
  }
  auto layernorm = test::model_to_export(NormKind::layernorm);
  layernorm->llama->norm->parameters()[1].data().fill_(0.5);
  const auto path = directory.path() / "layernorm.pt";
  export_language_model(path, ModelFormat::torch_save, layernorm, tokenizer, DType::float32);
  CHECK(test::model_difference(read_language_model(path), layernorm) == "");
}

TEST_CASE("formats: half types round the weights and nothing else") {
  const auto tokenizer = test::golden_tokenizer();
  for (const auto& [type, scalar] :
       {std::pair(DType::float16, torch::kHalf), std::pair(DType::bfloat16, torch::kBFloat16)}) {
    for (const auto format : {ModelFormat::directory, ModelFormat::hugging_face,
                              ModelFormat::torch_save, ModelFormat::gguf}) {
      const test::TemporaryDirectory directory;
      auto model = test::model_to_export();
      export_language_model(directory.path() / "m", format, model, tokenizer, type);
      const auto copy = read_language_model(directory.path() / "m");
      for (const auto& item : copy->named_parameters()) {
        INFO(item.key());
        // The norms of a new model are 1, which every type holds.
        CHECK(
            item.value().equal(model->named_parameters()[item.key()].to(scalar).to(torch::kFloat)));
      }
    }
  }
}

TEST_CASE("formats: stories260K.bin comes back from every format byte for byte") {
  const auto bin = test::data_file("stories260K/stories260K.bin");
  SKIP_WITHOUT(bin, "stories260K/stories260K.bin");
  const auto vocabulary = *test::data_file("stories260K/tok512.bin");
  const auto tokenizer = Tokenizer::load(vocabulary);
  const std::string original = test::read_text(*bin);
  auto model = read_language_model(*bin);
  for (const auto format : kFormats) {
    INFO("by format " << static_cast<int>(format));
    const test::TemporaryDirectory directory;
    const auto other = directory.path() / "other";
    export_language_model(other, format, model, tokenizer, DType::float32);
    auto copy = read_language_model(other);
    const auto back = directory.path() / "back" / "model.bin";
    std::filesystem::create_directory(back.parent_path());
    export_language_model(back, ModelFormat::llama2c, copy,
                          read_tokenizer_for(other, copy->config()), DType::float32);
    // All but the tables of cosines and sines, which lie last and which nobody reads.
    const auto& config = model->config();
    const auto tables = static_cast<std::size_t>(4 * config.max_seq_len * config.head_dim);
    const std::string written = test::read_text(back);
    REQUIRE(written.size() == original.size());
    CHECK(written.substr(0, written.size() - tables) ==
          original.substr(0, original.size() - tables));
    CHECK(test::read_text(back.parent_path() / "tokenizer.bin") == test::read_text(vocabulary));
  }
}

TEST_CASE("formats: what a format cannot express is refused, and nothing is made") {
  const auto tokenizer = test::golden_tokenizer();
  const test::TemporaryDirectory directory;
  const auto refused = [&](LanguageModel model, ModelFormat format, DType type,
                           const std::string& message) {
    CHECK_THROWS_WITH(export_language_model(directory.path() / "m", format, model, tokenizer, type),
                      contains(message));
    CHECK_THROWS_AS(export_language_model(directory.path() / "m", format, model, tokenizer, type),
                    OptionError);
    CHECK(std::filesystem::is_empty(directory.path()));
  };
  for (const auto format : {ModelFormat::hugging_face, ModelFormat::llama2c, ModelFormat::gguf}) {
    refused(test::model_to_export(NormKind::layernorm), format, DType::float32, "LayerNorm");
    auto full = test::model_to_export();
    full->llama->set_attention(AttentionKind::full);
    refused(full, format, DType::float32, "causal");
  }
  auto config = test::model_to_export()->config();
  config.rope_theta = 5e5;
  refused(LanguageModel(config, make_generator(1)), ModelFormat::llama2c, DType::float32,
          "rope_theta is 500000");
  config = test::model_to_export()->config();
  config.norm_eps = 1e-6;
  refused(LanguageModel(config, make_generator(1)), ModelFormat::llama2c, DType::float32,
          "norm_eps is 1e-06");
  for (const auto& scheme : position_schemes()) {
    config = test::model_to_export()->config();
    config.positions = scheme.name;
    std::string what = fmt::format("positions of the kind {}", scheme.name);
    if (scheme.rotates) {
      config.rotary_share = 0.5;
      what = "rotary_share 0.5";
    }
    const LanguageModel model(config, make_generator(1));
    for (const auto format : {ModelFormat::hugging_face, ModelFormat::llama2c, ModelFormat::gguf}) {
      refused(model, format, DType::float32, what);
    }
    refused(model, ModelFormat::torch_save, DType::float32,
            scheme.rotates ? "no rotary_share" : "no positions");
  }
  refused(test::model_to_export(), ModelFormat::llama2c, DType::float16, "float32 only");
  refused(test::model_to_export(), ModelFormat::hugging_face, DType::q8_0, "GGUF");

  const auto unigram = Tokenizer::load(test::repository_file("tests/reference/unigram.model"));
  for (const auto format : {ModelFormat::llama2c, ModelFormat::gguf}) {
    auto model = test::model_to_export();
    CHECK_THROWS_WITH(
        export_language_model(directory.path() / "m", format, model, unigram, DType::float32),
        contains("of another kind"));
    CHECK(std::filesystem::is_empty(directory.path()));
  }
}

TEST_CASE("formats: another tokenizer beside the model is never overwritten") {
  const test::TemporaryDirectory directory;
  auto model = test::model_to_export();
  directory.file("tokenizer.model", "somebody's");
  CHECK_THROWS_WITH(export_language_model(directory.path() / "m.pt", ModelFormat::torch_save, model,
                                          test::golden_tokenizer(), DType::float32),
                    contains("tokenizer.model: is another tokenizer"));
  CHECK(test::read_text(directory.path() / "tokenizer.model") == "somebody's");
  CHECK_FALSE(std::filesystem::exists(directory.path() / "m.pt"));
}

TEST_CASE("formats: an adapter is stored as what it computes") {
  const test::TemporaryDirectory directory;
  auto model = test::model_to_export();
  add_adapter(model->llama, "a", {.rank = 2, .targets = {"compute_query", "w2"}},
              make_generator(5));
  for (const auto& [name, parameter] : adapter_parameters(model->llama, "a")) {
    parameter.data().fill_(0.1);
  }
  export_language_model(directory.path() / "m", ModelFormat::hugging_face, model,
                        test::golden_tokenizer(), DType::float32);
  CHECK_FALSE(is_merged(model->llama));
  const torch::NoGradGuard no_grad;
  const auto ids = torch::arange(10).unsqueeze(0);
  CHECK(test::difference(read_language_model(directory.path() / "m")(ids), model(ids), 1e-5,
                         1e-5) == "");
}
