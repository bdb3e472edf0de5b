// Classifiers of transformers on an engine, against transformers (tests/reference/classifiers.py),
// and adapters beside bases of any kind.

#include <cmath>
#include <fstream>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/eval/text_classifier.h"
#include "minillama/generate/text_generator.h"
#include "minillama/io/safetensors.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;
namespace fs = std::filesystem;

namespace {

fs::path classifier(const std::string& name) {
  return test::repository_file("tests/reference/classifier_" + name);
}

Json expected() {
  return Json::parse(
      test::read_text(test::repository_file("tests/reference/classifier_expected.json")));
}

/// A copy of the golden classifier of a Llama whose config.json can be changed.
struct Copy {
  Copy() { fs::copy(classifier("llama"), directory.path(), fs::copy_options::recursive); }

  /// What opening it with a field changed, or taken away if the value is null, leads to.
  std::string error_with(const std::string& field, const Json& value) const {
    Json config = Json::parse(test::read_text(classifier("llama") / "config.json"));
    if (value.is_null()) {
      config.erase(field);
    } else {
      config[field] = value;
    }
    directory.file("config.json", config.dump());
    return error();
  }
  std::string error() const {
    return test::file_error([&] { TextClassifier::load(directory.path()); });
  }

  test::TemporaryDirectory directory;
};

}  // namespace

TEST_CASE("classifiers: those of transformers answer as there") {
  const auto all = expected();
  REQUIRE(all.size() == 5);
  for (const auto& [name, answers] : all.items()) {
    INFO(name);
    const auto model = TextClassifier::load(classifier(name));
    CHECK(model.label_names() == answers.at("labels").get<std::vector<std::string>>());
    const std::vector<std::string> texts = answers.at("texts");
    const auto predictions = model.classify(std::span<const std::string>(texts));
    REQUIRE(predictions.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO(texts[i]);
      const std::vector<double> logits = answers.at("logits").at(i);
      double sum = 0;
      for (const double logit : logits) sum += std::exp(logit);
      REQUIRE(predictions[i].probabilities.size() == logits.size());
      for (std::size_t label = 0; label < logits.size(); ++label) {
        CHECK(predictions[i].probabilities[label] ==
              Approx(std::exp(logits[label]) / sum).margin(1e-5));
      }
    }
  }
}

TEST_CASE("classifiers: labels that contradict themselves or the head are refused by name") {
  const Copy copy;
  CHECK(copy.error_with("num_labels", 3) == "accepted");
  CHECK(copy.error_with("label2id", nullptr) == "accepted");
  CHECK(copy.error_with("label2id", {{"LABEL_0", 0}, {"LABEL_1", 1}}) == "accepted");
  CHECK(copy.error_with("id2label", {{"2", "c"}, {"0", "a"}, {"1", "b"}}) == "accepted");
  CHECK_THAT(copy.error_with("label2id", {{"awful", 1}, {"not bad", 0}}),
             contains("\"label2id\" gives \"awful\" the number 1, \"id2label\" the number 0"));
  CHECK_THAT(copy.error_with("id2label", {{"0", "a"}, {"1", "b"}}),
             contains("classifier_head.weight is [3, 16], must be [2, 16]"));
  CHECK_THAT(copy.error_with("id2label", nullptr), contains("must be [2, 16]"));
  CHECK_THAT(copy.error_with("id2label", {{"0", "a"}, {"1", "b"}, {"3", "c"}}),
             contains("none with the number 2"));
  CHECK_THAT(copy.error_with("id2label", {{"0", "a"}, {"1", "b"}, {"02", "c"}}),
             contains("none with the number 2"));
  CHECK_THAT(copy.error_with("id2label", {{"0", "a"}, {"1", "a"}, {"2", "c"}}),
             contains("label name \"a\" is empty or there twice"));
  CHECK_THAT(copy.error_with("id2label", {{"0", "a"}, {"1", 5}, {"2", "c"}}),
             contains("label 1 is 5, must be a text"));
  CHECK_THAT(copy.error_with("id2label", Json::object({{"0", "a"}})),
             contains("has 1 labels, at least 2"));
  CHECK_THAT(copy.error_with("id2label", Json::object()), contains("has 0 labels"));
  CHECK_THAT(copy.error_with("id2label", Json::array({"a", "b", "c"})), contains("\"id2label\""));
  CHECK_THAT(copy.error_with("label2id", 5), contains("\"label2id\""));
  CHECK_THAT(copy.error_with("pad_token_id", "x"), contains("\"pad_token_id\""));
}

TEST_CASE("classifiers: what is no classifier of one label is refused by name") {
  const Copy copy;
  CHECK(copy.error_with("problem_type", "single_label_classification") == "accepted");
  for (const std::string problem : {"regression", "multi_label_classification"}) {
    CHECK_THAT(copy.error_with("problem_type", problem),
               contains("\"problem_type\" is \"" + problem + "\""));
  }
  CHECK_THAT(copy.error_with("architectures", Json::array({"LlamaForTokenClassification"})),
             contains("\"architectures\" names \"LlamaForTokenClassification\""));
  CHECK_THAT(copy.error_with("architectures", Json::array({"MistralForSequenceClassification"})),
             contains("\"architectures\""));
  CHECK_THAT(copy.error_with("architectures",
                             Json::array({"LlamaForSequenceClassification", "LlamaForCausalLM"})),
             contains("\"architectures\""));
  CHECK_THAT(copy.error_with("architectures", Json::array({"LlamaForCausalLM"})),
             contains("tensor \"score.weight\" is none of a Llama"));
  CHECK_THAT(copy.error_with("minillama", {{"template", "no place"}, {"dropout", 0}}),
             contains("{sentence}"));
  CHECK_THAT(copy.error_with("minillama", Json::object({{"pooling", "mean"}})),
             contains("\"pooling\""));
  CHECK_THROWS_WITH(TextGenerator::load(classifier("llama")), contains("is a classifier"));
}

TEST_CASE("classifiers: tensors that are missing, left over or cut off are refused") {
  const Copy copy;
  const auto path = copy.directory.path() / "model.safetensors";
  const SafetensorsFile file(classifier("llama") / "model.safetensors");
  const auto rewritten = [&](const std::string& name, const std::string& by) {
    std::vector<TensorRecord> records;
    for (TensorRecord record : file.tensors()) {
      if (record.name == name) record.name = by;
      if (!record.name.empty()) records.push_back(record);
    }
    write_safetensors(path, records, {{"format", "pt"}});
    return copy.error();
  };
  CHECK(rewritten("score.weight", "score.weight") == "accepted");
  CHECK_THAT(rewritten("score.weight", ""), contains("missing: classifier_head.weight"));
  CHECK_THAT(rewritten("score.weight", "score.bias"),
             contains("\"score.bias\" is none of a Llama's classifier"));
  CHECK_THAT(rewritten("model.norm.weight", "lm_head.weight"),
             contains("lm_head.weight, which no classifier has"));
  const auto bytes = test::read_text(classifier("llama") / "model.safetensors");
  copy.directory.file("model.safetensors", bytes.substr(0, bytes.size() - 1));
  CHECK(copy.error() != "accepted");
  const auto config = test::read_text(classifier("llama") / "config.json");
  for (std::size_t size = 0; size + 2 < config.size(); size += 7) {  // behind it a line break
    copy.directory.file("config.json", config.substr(0, size));
    CHECK_THAT(copy.error(), contains("config.json"));
  }
}

TEST_CASE(
    "adapters: one without a head runs as a language model, beside a base of its own format") {
  const test::TemporaryDirectory directory;
  const auto golden = [](const std::string& name) {
    return test::repository_file("tests/reference/formats" + name);
  };
  const auto adapter = directory.path() / "adapter";
  fs::copy(golden("_peft"), adapter);
  const auto text_with = [&](const std::string& base) {
    Json config = Json::parse(test::read_text(golden("_peft") / "adapter_config.json"));
    config["base_model_name_or_path"] = base;
    std::ofstream(adapter / "adapter_config.json") << config.dump();
    std::ostringstream out;
    TextGenerator::load(adapter).generate("the", {.max_new_tokens = 8, .temperature = 0}, out);
    return out.str();
  };
  fs::copy(golden("_f32.gguf"), directory.path() / "base.gguf");
  fs::copy(golden("_q8_0.gguf"), directory.path() / "q8_0.gguf");
  const auto text = text_with("../base.gguf");
  CHECK(text == text_with(golden("_f32.gguf")));
  std::ostringstream without;
  TextGenerator::load(golden("_f32.gguf"))
      .generate("the", {.max_new_tokens = 8, .temperature = 0}, without);
  CHECK(text != without.str());
  CHECK(text_with("../q8_0.gguf") == text);
  CHECK_THROWS_WITH(TextClassifier::load(adapter), contains("holds an adapter without a head"));
  CHECK_THROWS_WITH(text_with("../absent"), contains("its base \"../absent\" is not at"));
}
