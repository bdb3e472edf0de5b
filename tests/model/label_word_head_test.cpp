#include "minillama/model/label_word_head.h"

#include "minillama/core/error.h"
#include "minillama/model/language_model.h"
#include "minillama/model/module_text_classifier.h"

#include "support/catch.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

LanguageModel language_model(const Tokenizer& tokenizer) {
  auto config = test::small_config();
  config.vocab_size = tokenizer.vocab_size();
  config.max_seq_len = 64;
  return LanguageModel(config, make_generator(3));
}

Classifier classifier(const LanguageModel& model, std::vector<std::string> names,
                      PoolingKind pooling = PoolingKind::last) {
  return Classifier(model->llama,
                    ClassifierConfig{.label_names = std::move(names),
                                     .pooling = pooling,
                                     .sentence_template = "{sentence} it is"},
                    make_generator(4));
}

}  // namespace

TEST_CASE("label word head: answers as the language model asked for the words' first tokens") {
  const auto tokenizer = test::small_tokenizer();
  const auto model = language_model(tokenizer);
  const std::vector<std::string> names{"a", "b", "c"};
  auto head = classifier(model, names);
  set_label_words(head, model->output_weight(), tokenizer);
  const ModuleTextClassifier trained(head, tokenizer);
  const std::vector<std::string> sentences{"a cab", "bad", "a b c"};
  const auto found = trained.classify(std::span<const std::string>(sentences));

  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const auto ids = trained.encode(std::span(&sentences[i], 1)).ids.front();
    const auto logits = LanguageModel(model)(torch::tensor(ids).unsqueeze(0))[0][-1];
    std::vector<double> scores;
    for (const auto& name : names) {
      const auto first = tokenizer.encode(name, TextPlace::after_space).front();
      scores.push_back(logits[first].item<double>());
    }
    const auto expected = to_prediction(scores);
    for (std::size_t l = 0; l < names.size(); ++l) {
      CHECK(found[i].probabilities[l] == Approx(expected.probabilities[l]).epsilon(1e-4));
    }
  }
  // A copy: training it leaves the language model's own rows alone.
  const auto before = model->output_weight().clone();
  head->classifier_head->weight.mul_(2);
  CHECK(model->output_weight().equal(before));
}

TEST_CASE("label word head: labels that cannot be told apart are refused") {
  const auto tokenizer = test::small_tokenizer();
  const auto model = language_model(tokenizer);
  auto same = classifier(model, {"a", "a b"});
  CHECK_THROWS_WITH(set_label_words(same, model->output_weight(), tokenizer),
                    contains("\"a\" and \"a b\" begin with the same token"));
  auto mean = classifier(model, {"a", "b"}, PoolingKind::mean);
  CHECK_THROWS_WITH(set_label_words(mean, model->output_weight(), tokenizer),
                    contains("pooling is mean"));
  auto good = classifier(model, {"a", "b"});
  CHECK_THROWS_WITH(set_label_words(good, torch::zeros({3, 16}), tokenizer),
                    contains("the language model's head is"));
  Classifier none{nullptr};
  CHECK_THROWS_AS(set_label_words(none, model->output_weight(), tokenizer), OptionError);
}
