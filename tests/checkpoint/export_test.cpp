#include "minillama/checkpoint/export.h"

#include <clocale>
#include <locale>

#include "minillama/checkpoint/language_model_file.h"
#include "minillama/checkpoint/q8_0.h"
#include "minillama/core/error.h"
#include "minillama/model/lora.h"

#include "support/catch.h"
#include "support/corruption.h"
#include "support/files.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

std::filesystem::path golden(const std::string& name) {
  return test::repository_file("tests/reference/formats" + name);
}

Tokenizer golden_tokenizer() {
  return Tokenizer::load(golden("_f32.gguf"));
}

torch::Tensor logits_of(const std::filesystem::path& path) {
  const torch::NoGradGuard no_grad;
  return read_language_model(path)(test::load_fixture(golden("_expected.pt"))["ids"]);
}

torch::Tensor expected(const std::string& name) {
  return test::load_fixture(golden("_expected.pt"))[name];
}

/// "" if the models have the same config and the same parameters, bit for bit.
std::string model_difference(LanguageModel a, LanguageModel b) {
  if (!(a->config() == b->config())) return "config";
  const auto parameters = b->named_parameters();
  if (a->named_parameters().size() != parameters.size()) return "number of parameters";
  for (const auto& item : a->named_parameters()) {
    if (!item.value().equal(parameters[item.key()])) return item.key();
  }
  return "";
}

LanguageModel small_model(NormKind norm = NormKind::rmsnorm, bool tied = true) {
  return LanguageModel(ModelConfig{.dim = 24,
                                   .n_layers = 2,
                                   .n_heads = 6,
                                   .n_kv_heads = 3,
                                   .hidden_dim = 20,
                                   .vocab_size = 268,
                                   .max_seq_len = 16,
                                   .norm = norm,
                                   .tied_embeddings = tied},
                       make_generator(4));
}

constexpr std::array kFormats = {ModelFormat::directory, ModelFormat::hugging_face,
                                 ModelFormat::llama2c, ModelFormat::torch_save, ModelFormat::gguf};

}  // namespace

TEST_CASE("formats: every golden file computes what PyTorch computed") {
  for (const std::string name : {"_hf", ".bin", "_f32.gguf"}) {
    INFO(name);
    CHECK(test::difference(logits_of(golden(name)), expected("logits"), 1e-5, 1e-5) == "");
  }
  CHECK(test::difference(logits_of(golden("_q8_0.gguf")), expected("logits_q8_0"), 1e-5, 1e-5) ==
        "");
}

TEST_CASE("formats: golden files of one model have the same weights, bit for bit") {
  const auto bin = read_language_model(golden(".bin"));
  CHECK(model_difference(read_language_model(golden("_hf")), bin) == "");
  CHECK(model_difference(read_language_model(golden("_f32.gguf")), bin) == "");
  auto half = read_language_model(golden(".bin"));
  half->to(torch::kHalf);
  half->to(torch::kFloat);
  CHECK(model_difference(read_language_model(golden("_hf_sharded")), half) == "");
}

TEST_CASE("formats: a float32 model survives every format bit for bit") {
  const auto tokenizer = golden_tokenizer();
  for (const bool tied : {true, false}) {
    for (const auto format : kFormats) {
      INFO("format " << static_cast<int>(format) << ", tied " << tied);
      const test::TemporaryDirectory directory;
      const auto path = directory.path() / "model";
      auto model = small_model(NormKind::rmsnorm, tied);
      export_language_model(path, format, model, tokenizer, WeightType::float32);
      auto copy = read_language_model(path);
      CHECK(model_difference(copy, model) == "");
      CHECK(serialize(read_tokenizer_for(path, copy->config()).model()) ==
            serialize(tokenizer.model()));
    }
  }
}

TEST_CASE("formats: norms, epsilon and theta survive where the format has them") {
  const auto tokenizer = golden_tokenizer();
  const test::TemporaryDirectory directory;
  auto config = small_model()->config();
  config.norm_eps = 1e-6;
  config.rope_theta = 5e5;
  LanguageModel model(config, make_generator(1));
  for (const auto format : {ModelFormat::directory, ModelFormat::hugging_face, ModelFormat::gguf}) {
    const auto path = directory.path() / std::to_string(static_cast<int>(format));
    export_language_model(path, format, model, tokenizer, WeightType::float32);
    CHECK(model_difference(read_language_model(path), model) == "");
  }
  auto layernorm = small_model(NormKind::layernorm);
  layernorm->llama->norm->parameters()[1].data().fill_(0.5);
  const auto path = directory.path() / "layernorm.pt";
  export_language_model(path, ModelFormat::torch_save, layernorm, tokenizer, WeightType::float32);
  CHECK(model_difference(read_language_model(path), layernorm) == "");
}

namespace {

/// Numbers as Germans write them.
class CommaNumbers : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("formats: the locale of the program changes nothing") {
  const auto tokenizer = golden_tokenizer();
  const auto written = [&](ModelFormat format) {
    const test::TemporaryDirectory directory;
    auto model = small_model();
    export_language_model(directory.path() / "m", format, model, tokenizer, WeightType::float32);
    CHECK(model_difference(read_language_model(directory.path() / "m"), model) == "");
    return test::read_text(format == ModelFormat::gguf ? directory.path() / "m"
                                                       : directory.path() / "m" / "config.json");
  };
  for (const auto format : {ModelFormat::directory, ModelFormat::hugging_face, ModelFormat::gguf}) {
    const auto expected = written(format);
    std::setlocale(LC_ALL, "de_DE.UTF-8");  // where the system has it
    std::locale::global(std::locale(std::locale::classic(), new CommaNumbers));
    const auto actual = written(format);
    std::locale::global(std::locale::classic());
    CHECK(actual == expected);
  }
}

TEST_CASE("formats: half types round the weights and nothing else") {
  const auto tokenizer = golden_tokenizer();
  for (const auto& [type, scalar] : {std::pair(WeightType::float16, torch::kHalf),
                                     std::pair(WeightType::bfloat16, torch::kBFloat16)}) {
    for (const auto format : {ModelFormat::directory, ModelFormat::hugging_face,
                              ModelFormat::torch_save, ModelFormat::gguf}) {
      const test::TemporaryDirectory directory;
      auto model = small_model();
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

TEST_CASE("formats: q8_0 is within half a step of every weight") {
  auto generator = make_generator(3);
  const auto x = torch::randn({4, 64}, generator);
  const auto blocks = quantize_q8_0(x);
  REQUIRE(blocks.sizes().vec() == std::vector<std::int64_t>{8, 34});
  const Bytes bytes{static_cast<const std::byte*>(blocks.data_ptr()), blocks.nbytes()};
  const auto y = dequantize_q8_0(bytes, x.sizes());
  const auto step = std::get<0>(x.view({-1, 32}).abs().max(1, true)) / 127;
  // The scale is rounded to float16, by at most 2^-11 of it, on codes of up to 127.
  CHECK(((x - y).view({-1, 32}).abs() <= step * (0.5 + 127.0 / 2048)).all().item<bool>());
  CHECK(dequantize_q8_0(bytes, x.sizes()).equal(y));
  const auto zeros = quantize_q8_0(torch::zeros({1, 32}));
  CHECK(zeros.eq(0).all().item<bool>());
}

TEST_CASE("formats: q8_0 quantises the matrices of a GGUF file as the golden one") {
  const test::TemporaryDirectory directory;
  auto model = read_language_model(golden("_f32.gguf"));
  const auto path = directory.path() / "m.gguf";
  export_language_model(path, ModelFormat::gguf, model, golden_tokenizer(), WeightType::q8_0);
  CHECK(model_difference(read_language_model(path), read_language_model(golden("_q8_0.gguf"))) ==
        "");
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
    export_language_model(other, format, model, tokenizer, WeightType::float32);
    auto copy = read_language_model(other);
    const auto back = directory.path() / "back" / "model.bin";
    std::filesystem::create_directory(back.parent_path());
    export_language_model(back, ModelFormat::llama2c, copy,
                          read_tokenizer_for(other, copy->config()), WeightType::float32);
    // All but the tables of cosines and sines, which lie last and which nobody reads.
    const auto& config = model->config();
    const auto tables = static_cast<std::size_t>(4 * config.max_seq_len * config.head_dim());
    const std::string written = test::read_text(back);
    REQUIRE(written.size() == original.size());
    CHECK(written.substr(0, written.size() - tables) ==
          original.substr(0, original.size() - tables));
    CHECK(test::read_text(back.parent_path() / "tokenizer.bin") == test::read_text(vocabulary));
  }
}

TEST_CASE("formats: what a format cannot express is refused, and nothing is made") {
  const auto tokenizer = golden_tokenizer();
  const test::TemporaryDirectory directory;
  const auto refused = [&](LanguageModel model, ModelFormat format, WeightType type,
                           const std::string& message) {
    CHECK_THROWS_WITH(export_language_model(directory.path() / "m", format, model, tokenizer, type),
                      contains(message));
    CHECK_THROWS_AS(export_language_model(directory.path() / "m", format, model, tokenizer, type),
                    OptionError);
    CHECK(std::filesystem::is_empty(directory.path()));
  };
  for (const auto format : {ModelFormat::hugging_face, ModelFormat::llama2c, ModelFormat::gguf}) {
    refused(small_model(NormKind::layernorm), format, WeightType::float32, "LayerNorm");
    auto full = small_model();
    full->llama->set_attention(AttentionKind::full);
    refused(full, format, WeightType::float32, "causal");
  }
  auto config = small_model()->config();
  config.rope_theta = 5e5;
  refused(LanguageModel(config, make_generator(1)), ModelFormat::llama2c, WeightType::float32,
          "rope_theta is 500000");
  refused(LanguageModel(config, make_generator(1)), ModelFormat::torch_save, WeightType::float32,
          "rope_theta is 500000");
  config = small_model()->config();
  config.norm_eps = 1e-6;
  refused(LanguageModel(config, make_generator(1)), ModelFormat::llama2c, WeightType::float32,
          "norm_eps is 1e-06");
  refused(small_model(), ModelFormat::llama2c, WeightType::float16, "float32 only");
  refused(small_model(), ModelFormat::hugging_face, WeightType::q8_0, "GGUF");

  const auto unigram = Tokenizer::load(test::repository_file("tests/reference/unigram.model"));
  for (const auto format : {ModelFormat::llama2c, ModelFormat::gguf}) {
    auto model = small_model();
    CHECK_THROWS_WITH(
        export_language_model(directory.path() / "m", format, model, unigram, WeightType::float32),
        contains("of another kind"));
    CHECK(std::filesystem::is_empty(directory.path()));
  }
}

TEST_CASE("formats: another tokenizer beside the model is never overwritten") {
  const test::TemporaryDirectory directory;
  auto model = small_model();
  directory.file("tokenizer.model", "somebody's");
  CHECK_THROWS_WITH(export_language_model(directory.path() / "m.pt", ModelFormat::torch_save, model,
                                          golden_tokenizer(), WeightType::float32),
                    contains("tokenizer.model: is another tokenizer"));
  CHECK(test::read_text(directory.path() / "tokenizer.model") == "somebody's");
  CHECK_FALSE(std::filesystem::exists(directory.path() / "m.pt"));
}

TEST_CASE("formats: an adapter is stored as what it computes") {
  const test::TemporaryDirectory directory;
  auto model = small_model();
  add_adapter(model->llama, "a", {.rank = 2, .targets = {"compute_query", "w2"}},
              make_generator(5));
  for (const auto& [name, parameter] : adapter_parameters(model->llama, "a")) {
    parameter.data().fill_(0.1);
  }
  export_language_model(directory.path() / "m", ModelFormat::hugging_face, model,
                        golden_tokenizer(), WeightType::float32);
  CHECK_FALSE(is_merged(model->llama));
  const torch::NoGradGuard no_grad;
  const auto ids = torch::arange(10).unsqueeze(0);
  CHECK(test::difference(read_language_model(directory.path() / "m")(ids), model(ids), 1e-5,
                         1e-5) == "");
}

namespace {

/// What reading a copy of the golden directory with one field changed leads to.
std::string error_with(const std::string& field, const std::string& by) {
  const test::TemporaryDirectory directory;
  auto config = test::read_text(golden("_hf") / "config.json");
  const auto at = config.find(field);
  REQUIRE(at != std::string::npos);
  directory.file("config.json", config.replace(at, field.size(), by));
  std::filesystem::create_symlink(golden("_hf") / "model.safetensors",
                                  directory.path() / "model.safetensors");
  try {
    read_language_model(directory.path());
  } catch (const FileError& error) {
    return error.what();
  }
  return "read";
}

}  // namespace

TEST_CASE("formats: a Hugging Face model that computes something else is refused") {
  CHECK(error_with("\"silu\"", "\"silu\"") == "read");
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
  std::filesystem::copy(golden("_hf") / "config.json", directory.path() / "config.json");
  directory.file("model.safetensors.index.json", R"({"weight_map": {"a": "../x.safetensors"}})");
  CHECK_THROWS_WITH(read_language_model(directory.path()),
                    contains("no name of a file in this directory"));
  directory.file("model.safetensors.index.json", R"({"weight_map": {"a": "x.safetensors"}})");
  CHECK_THROWS_WITH(read_language_model(directory.path()), contains("x.safetensors: no such file"));
}
