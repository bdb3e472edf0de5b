#include <cmath>

#include "minillama/core/json.h"
#include "minillama/model/adapters.h"
#include "minillama/model/export.h"
#include "minillama/model/module_text_classifier.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/filled_adapter.h"
#include "support/option_error.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

const std::vector<std::string> kTexts{"A delight .", "The plot has more holes than a sieve .", ""};

/// What transformers can express, with weights that all matter.
Classifier expressible_classifier(
    PoolingKind pooling = PoolingKind::last, NormKind norm = NormKind::rmsnorm,
    const std::string& sentence_template = "Review: {sentence} It is") {
  auto config = test::small_config();
  config.vocab_size = test::small_tokenizer().vocab_size();
  config.max_seq_len = 64;
  config.norm = norm;
  auto generator = make_generator(5);
  const ClassifierConfig of_labels{.label_names = {"awful", "not bad", "great"},
                                   .pooling = pooling,
                                   .sentence_template = sentence_template,
                                   .dropout = 0.25};
  Classifier model(Llama(config, generator), of_labels, generator);
  const torch::NoGradGuard no_grad;
  for (auto& item : model->named_parameters()) {
    const bool is_norm = item.key().find("norm") != std::string::npos;
    item.value().normal_(is_norm ? 1 : 0, is_norm ? 0.3 : 0.2, generator);
  }
  model->classifier_head->bias.zero_();
  model->eval();
  return model;
}

std::vector<double> probabilities(const SentenceClassifier& classifier) {
  std::vector<double> all;
  for (const auto& prediction : classifier.classify(std::span<const std::string>(kTexts))) {
    all.insert(all.end(), prediction.probabilities.begin(), prediction.probabilities.end());
  }
  return all;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("hugging face classifier: a module's logits are transformers'") {
  const auto expected = Json::parse(
      test::read_text(test::repository_file("tests/reference/classifier_expected.json")));
  REQUIRE(expected.size() == 5);
  for (const auto& [name, answers] : expected.items()) {
    INFO(name);
    auto classifier = load_classifier(test::repository_file("tests/reference/classifier_" + name));
    CHECK(classifier.label_names() == answers.at("labels").get<std::vector<std::string>>());
    const std::vector<std::string> texts = answers.at("texts");
    const auto input =
        classifier_input(classifier.encode(texts).ids, classifier.model()->config().pooling, 0);
    const torch::NoGradGuard no_grad;
    const auto logits = classifier.model()(input);
    for (std::int64_t i = 0; i < logits.size(0); ++i) {
      const auto row = answers.at("logits").at(static_cast<std::size_t>(i));
      const auto wanted = torch::tensor(row.get<std::vector<float>>());
      CHECK((logits[i] - wanted).abs().max().item<double>() < 1e-4);
    }
  }
}

TEST_CASE("hugging face classifier: what is written is read, and answers the same") {
  for (const bool adapted : {false, true}) {
    const test::TemporaryDirectory directory;
    auto model = expressible_classifier();
    if (adapted) {
      add_adapter(model->llama, "a", {.rank = 3, .targets = {"compute_query", "w2"}},
                  make_generator(1));
      test::fill_adapter(model->llama, "a");
      model->eval();
    }
    export_classifier(directory.path(), ModelFormat::hugging_face, model, test::small_tokenizer(),
                      DType::float32);
    CHECK_FALSE(is_merged(model->llama));
    const ModuleTextClassifier original(model, test::small_tokenizer());
    auto read = load_classifier(directory.path());
    CHECK(adapters_of(read.model()->llama).empty());
    CHECK(largest_difference(probabilities(read), probabilities(original)) < 1e-6);
    CHECK(largest_difference(probabilities(TextClassifier::load(directory.path())),
                             probabilities(original)) < 2e-6);
    auto config = model->config();
    config.pad_id = test::small_tokenizer().eos_id();
    CHECK(read.model()->config() == config);

    // Our own directory keeps what transformers' does.
    const test::TemporaryDirectory own, again;
    export_classifier(own.path(), ModelFormat::directory, read.model(), read.tokenizer(),
                      DType::float32);
    auto copy = load_classifier(own.path());
    CHECK(copy.model()->config() == config);
    export_classifier(again.path(), ModelFormat::hugging_face, copy.model(), copy.tokenizer(),
                      DType::float32);
    for (const auto* name : {"config.json", "model.safetensors", "tokenizer_config.json"}) {
      CHECK(test::read_text(again.path() / name) == test::read_text(directory.path() / name));
    }
  }
}

TEST_CASE("hugging face classifier: config.json says what transformers asks for") {
  const test::TemporaryDirectory directory;
  auto model = expressible_classifier();
  const auto tokenizer = test::small_tokenizer();
  export_classifier(directory.path(), ModelFormat::hugging_face, model, tokenizer, DType::bfloat16);
  const auto config = Json::parse(test::read_text(directory.path() / "config.json"));
  CHECK(config.at("architectures") == Json::array({"LlamaForSequenceClassification"}));
  CHECK(config.at("id2label") == Json::object({{"0", "awful"}, {"1", "not bad"}, {"2", "great"}}));
  CHECK(config.at("label2id") == Json::object({{"awful", 0}, {"not bad", 1}, {"great", 2}}));
  CHECK(config.at("pad_token_id") == tokenizer.eos_id());
  CHECK(config.at("torch_dtype") == "bfloat16");
  CHECK(config.at("minillama").at("template") == "Review: {sentence} It is");
  const auto tokens = Json::parse(test::read_text(directory.path() / "tokenizer_config.json"));
  CHECK(tokens.at("pad_token") == tokenizer.piece(tokenizer.eos_id()));
}

TEST_CASE("hugging face classifier: what transformers cannot express is refused by name") {
  const test::TemporaryDirectory directory;
  const auto tokenizer = test::small_tokenizer();
  const auto refusal = [&](Classifier model, ModelFormat format = ModelFormat::hugging_face) {
    const auto error = test::option_error([&] {
      export_classifier(directory.path() / "x", format, model, tokenizer, DType::float32);
    });
    CHECK_FALSE(std::filesystem::exists(directory.path() / "x"));
    return error;
  };
  CHECK_THAT(refusal(expressible_classifier(PoolingKind::mean)), contains("pooling is mean"));
  CHECK_THAT(refusal(expressible_classifier(PoolingKind::padded_last)), contains("padded-last"));
  CHECK_THAT(refusal(expressible_classifier(PoolingKind::last, NormKind::layernorm)),
             contains("LayerNorm"));
  auto full = expressible_classifier();
  full->llama->set_attention(AttentionKind::full);
  CHECK_THAT(refusal(full), contains("attention is full"));
  auto biased = expressible_classifier();
  {
    const torch::NoGradGuard no_grad;
    biased->classifier_head->bias[1] = 0.5;
  }
  CHECK_THAT(refusal(biased), contains("this one's holds 0.5"));
  for (const auto format : {ModelFormat::gguf, ModelFormat::llama2c, ModelFormat::torch_save}) {
    CHECK_THAT(refusal(expressible_classifier(), format), contains("or Hugging Face's only"));
  }
  CHECK_THAT(test::option_error([&] {
               auto model = expressible_classifier();
               export_classifier(directory.path() / "x", ModelFormat::hugging_face, model,
                                 tokenizer, DType::q8_0);
             }),
             contains("GGUF's only"));
  // A template that ends with what transformers would pad with: typed EOS is EOS in a
  // tokenizer.json.
  auto ends = load_classifier(test::repository_file("tests/reference/classifier_qwen3"));
  auto config = ends.model()->config();
  config.sentence_template = "{sentence}</s>";
  config.pad_id = -1;
  Classifier model(ends.model()->llama, config, make_generator(1));
  {
    const torch::NoGradGuard no_grad;
    model->classifier_head->bias.zero_();
  }
  CHECK_THAT(test::option_error([&] {
               export_classifier(directory.path() / "x", ModelFormat::hugging_face, model,
                                 ends.tokenizer(), DType::float32);
             }),
             contains("template ends with \"</s>\""));
  CHECK(std::filesystem::is_empty(directory.path()));
}
