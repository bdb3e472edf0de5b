#include "minillama/model/classifier_file.h"

#include <cmath>

#include "minillama/core/json.h"
#include "minillama/model/adapters.h"
#include "minillama/model/module_text_classifier.h"
#include "minillama/model/peft_module.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"
#include "support/filled_adapter.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

/// For test::small_tokenizer().
ModelConfig config_of_words() {
  auto config = test::small_config();
  config.vocab_size = test::small_tokenizer().vocab_size();
  config.max_seq_len = 64;
  return config;
}

const ClassifierConfig kConfig{.label_names = {"awful", "fine", "great"},
                               .pooling = PoolingKind::last,
                               .sentence_template = "Review: {sentence} It is",
                               .dropout = 0.25};

Classifier make_classifier() {
  const auto generator = make_generator(5);
  return Classifier(Llama(config_of_words(), generator), kConfig, generator);
}

const std::vector<std::string> kSentences{"A delight .", "The plot has more holes than a sieve ."};

std::vector<double> probabilities(Classifier model) {
  ModuleTextClassifier classifier(std::move(model), test::small_tokenizer());
  std::vector<double> all;
  for (const auto& prediction : classifier.classify(std::span<const std::string>(kSentences))) {
    all.insert(all.end(), prediction.probabilities.begin(), prediction.probabilities.end());
  }
  return all;
}

}  // namespace

TEST_CASE("classifier_file: what is written is read, and classifies the same with no flags") {
  const test::TemporaryDirectory directory;
  auto model = make_classifier();
  write_classifier(directory.path(), model, test::small_tokenizer());
  CHECK(is_classifier(directory.path()));

  auto read = read_classifier(directory.path());
  CHECK(read->config() == kConfig);
  CHECK(read->llama->config() == model->llama->config());
  CHECK_FALSE(read->is_training());
  CHECK(probabilities(read) == probabilities(model));

  auto classifier = load_classifier(directory.path());
  const auto [label, name, probability] = classifier.classify("A delight .");
  CHECK(name == kConfig.label_names.at(static_cast<std::size_t>(label)));
  CHECK(probability >= 1.0 / 3);
  CHECK(classifier.prompt("Oh .") == "Review: Oh . It is");
}

TEST_CASE("classifier_file: an adapter with a head is one, with the base that it names") {
  const test::TemporaryDirectory directory;
  const auto base = directory.path() / "base", adapter = directory.path() / "sst";
  auto config = config_of_words();
  config.norm = NormKind::rmsnorm;
  LanguageModel language_model(config, make_generator(5));
  write_language_model(base, language_model, test::small_tokenizer());
  add_adapter(language_model->llama, "a", {.rank = 2}, make_generator(6));
  test::fill_adapter(language_model->llama, "a");
  Classifier model(language_model->llama, kConfig, make_generator(7));
  model->eval();
  write_peft_adapter(adapter, model, "../base");

  CHECK(is_classifier(adapter));
  auto classifier = load_classifier(adapter);
  CHECK(classifier.model()->config() == kConfig);
  CHECK_FALSE(classifier.model()->is_training());
  CHECK(probabilities(classifier.model()) == probabilities(model));

  write_peft_adapter(adapter, model, "");
  CHECK_THROWS_WITH(read_classifier(adapter), contains("names no model"));
  write_peft_adapter(adapter, model, "../elsewhere");
  CHECK_THROWS_WITH(read_classifier(adapter), contains("elsewhere"));
  write_peft_adapter(adapter, language_model->llama, "../base");
  CHECK_FALSE(is_classifier(adapter));
  CHECK_THROWS_WITH(read_classifier(adapter), contains("holds an adapter without a head"));
}

TEST_CASE("classifier_file: adapters are stored beside the weights, with the active one's name") {
  const test::TemporaryDirectory directory;
  auto model = make_classifier();
  const auto without = probabilities(model);
  const LoraOptions options{
      .rank = 2, .alpha = 5, .dropout = 0.1, .targets = {"compute_value", "w1"}};
  add_adapter(model->llama, "a", options, make_generator(1));
  add_adapter(model->llama, "b", {.rank = 1}, make_generator(2));
  test::fill_adapter(model->llama, "a");
  activate_adapter(model->llama, "a");
  const auto with = probabilities(model);
  CHECK(std::abs(with.front() - without.front()) > 1e-4);

  write_classifier(directory.path(), model, test::small_tokenizer());
  auto read = read_classifier(directory.path());
  CHECK((adapters_of(read->llama) == adapters_of(model->llama)));
  CHECK(active_adapter(read->llama) == "a");
  CHECK(probabilities(read) == with);
  activate_adapter(read->llama, "");
  CHECK(probabilities(read) == without);

  merge_adapter(model->llama);  // what it computes, as a plain model
  const auto merged = probabilities(model);
  write_classifier(directory.path(), model, test::small_tokenizer());
  auto plain = read_classifier(directory.path());
  CHECK(adapters_of(plain->llama).empty());
  CHECK(probabilities(plain) == merged);
}

TEST_CASE("classifier_file: a language model keeps its adapters too") {
  const test::TemporaryDirectory directory;
  LanguageModel model(config_of_words(), make_generator(1));
  add_adapter(model->llama, "a", {}, make_generator(2));
  test::fill_adapter(model->llama, "a");
  write_language_model(directory.path(), model, test::small_tokenizer());
  auto read = read_language_model(directory.path());
  const auto ids = torch::arange(6).unsqueeze(0);
  model->eval();
  const torch::NoGradGuard no_grad;
  CHECK(torch::equal(read(ids), model(ids)));
}

TEST_CASE("classifier_file: one kind of model is not taken for the other") {
  const test::TemporaryDirectory directory;
  auto classifier = make_classifier();
  write_classifier(directory.path(), classifier, test::small_tokenizer());
  CHECK_THROWS_WITH(read_language_model(directory.path()),
                    contains("is a classifier; a language model is needed"));
  LanguageModel model(config_of_words(), make_generator(1));
  write_language_model(directory.path(), model, test::small_tokenizer());
  CHECK_FALSE(is_classifier(directory.path()));
  CHECK_THROWS_WITH(read_classifier(directory.path()), contains("is no classifier"));
}

TEST_CASE("classifier_file: a config.json that makes no sense is refused by name") {
  const test::TemporaryDirectory directory;
  auto model = make_classifier();
  add_adapter(model->llama, "a", {}, make_generator(2));
  write_classifier(directory.path(), model, test::small_tokenizer());
  const auto path = directory.path() / "config.json";
  const auto good = Json::parse(test::read_text(path));
  const auto complaint = [&](const std::string& pointer, const Json& value) {
    Json changed = good;
    changed[Json::json_pointer(pointer)] = value;
    directory.file("config.json", changed.dump());
    return test::file_error([&] { read_classifier(directory.path()); });
  };
  CHECK(complaint("/classifier/dropout", 0.25) == "accepted");
  CHECK_THAT(complaint("/classifier/pooling", "first"), contains("pooling is \"first\""));
  CHECK_THAT(complaint("/classifier/labels", 3), contains("\"labels\""));
  CHECK_THAT(complaint("/classifier/labels", {"a", "b"}), contains("classifier_head.weight"));
  CHECK_THAT(complaint("/classifier/template", "x"), contains("{sentence}"));
  CHECK(complaint("/classifier/temperature", 1.5) == "accepted");
  CHECK_THAT(complaint("/classifier/temperature", 0), contains("temperature is 0"));
  CHECK_THAT(complaint("/classifier/extra", 1), contains("\"extra\""));
  CHECK_THAT(complaint("/adapters/a/rank", 0), contains("rank is 0"));
  CHECK_THAT(complaint("/adapters/a/rank", 3), contains("lora_A"));
  CHECK_THAT(complaint("/adapters/a/targets", {"x"}), contains("target \"x\""));
  CHECK_THAT(complaint("/adapters/a/extra", 1), contains("\"extra\""));
  CHECK(complaint("/adapters/a/kind", "lora") == "accepted");
  CHECK_THAT(complaint("/adapters/a/kind", "lora2"),
             contains("adapter kind \"lora2\" is not known"));
  CHECK_THAT(complaint("/adapters/a/kind", 1), contains("\"kind\""));
  CHECK_THAT(complaint("/adapters/b.c", good["adapters"]["a"]), contains("\"b.c\""));
  CHECK_THAT(complaint("/active_adapter", "z"), contains("\"z\""));
}

TEST_CASE("classifier_file: weights that are not finite are refused by name, and nothing written") {
  const test::TemporaryDirectory directory;
  auto config = config_of_words();
  config.norm = NormKind::rmsnorm;  // PEFT's base has it
  Classifier model(Llama(config, make_generator(5)), kConfig, make_generator(5));
  add_adapter(model->llama, "a", {.rank = 2}, make_generator(1));
  {
    const torch::NoGradGuard no_grad;
    model->classifier_head->weight[0][0] = NAN;
  }
  CHECK_THROWS_WITH(write_classifier(directory.path() / "own", model, test::small_tokenizer()),
                    contains("classifier_head.weight holds values that are not finite"));
  CHECK_THROWS_WITH(write_peft_adapter(directory.path() / "peft", model, "base"),
                    contains("score.weight holds values that are not finite"));
  CHECK(std::filesystem::is_empty(directory.path()));
}
