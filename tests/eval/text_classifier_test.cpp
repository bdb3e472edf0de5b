#include "minillama/eval/text_classifier.h"

#include "minillama/core/error.h"
#include "minillama/model/adapters.h"
#include "minillama/model/module_text_classifier.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/filled_adapter.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

const std::vector<std::string> kSentences{"A delight .", "The plot has more holes than a sieve .",
                                          "a film", "No film at all , but it runs too long ."};

/// A classifier whose weights all matter.
Classifier random_classifier(const ModelConfig& config, PoolingKind pooling) {
  auto generator = make_generator(5);
  const ClassifierConfig of_labels{.label_names = {"awful", "fine", "great"},
                                   .pooling = pooling,
                                   .sentence_template = "Review: {sentence} It is"};
  Classifier model(Llama(config, generator), of_labels, generator);
  const torch::NoGradGuard no_grad;
  for (auto& item : model->named_parameters()) {
    const bool norm = item.key().find("norm") != std::string::npos;
    item.value().normal_(norm ? 1 : 0, norm ? 0.3 : 0.2, generator);
  }
  return model;
}

/// The largest difference between the probabilities of the two.
double difference(SentenceClassifier& a, SentenceClassifier& b) {
  const auto of_a = a.classify(std::span<const std::string>(kSentences));
  const auto of_b = b.classify(std::span<const std::string>(kSentences));
  double largest = 0;
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    for (std::size_t k = 0; k < of_a[i].probabilities.size(); ++k) {
      largest = std::max(largest, std::abs(of_a[i].probabilities[k] - of_b[i].probabilities[k]));
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("text classifier: the engine's answers are the module's") {
  auto config = test::small_config();
  config.vocab_size = test::small_tokenizer().vocab_size();
  config.max_seq_len = 64;
  for (const auto norm : {NormKind::layernorm, NormKind::rmsnorm}) {
    for (const auto attention : {AttentionKind::causal, AttentionKind::full}) {
      for (const auto pooling : {PoolingKind::last, PoolingKind::mean}) {
        for (const bool adapted : {false, true}) {
          config.norm = norm;
          config.attention = attention;
          auto model = random_classifier(config, pooling);
          if (adapted) {
            for (const std::string name : {"first", "second"}) {
              add_adapter(model->llama, name, {.rank = 3, .targets = {"compute_query", "w2"}},
                          make_generator(1));
              test::fill_adapter(model->llama, name);
            }
          }
          const test::TemporaryDirectory directory;
          write_classifier(directory.path(), model, test::small_tokenizer());
          auto module = load_classifier(directory.path());
          auto engine = TextClassifier::load(directory.path());
          CHECK(difference(engine, module) < 2e-6);
          CHECK(engine.label_names() == module.label_names());
          CHECK(engine.prompt("x") == module.prompt("x"));
        }
      }
    }
  }
}

TEST_CASE("text classifier: the classifiers that ship answer as their modules do") {
  for (const std::string name : {"sst", "cfimdb"}) {
    const auto path = test::repository_file("checkpoints/" + name);
    auto module = load_classifier(path);
    auto engine = TextClassifier::load(path);
    CHECK(difference(engine, module) < 2e-6);
  }
}

TEST_CASE("text classifier: what is cut is said, and padded pooling is left to the module") {
  auto config = test::small_config();
  config.vocab_size = test::small_tokenizer().vocab_size();
  const test::TemporaryDirectory directory;
  auto model = random_classifier(config, PoolingKind::last);
  write_classifier(directory.path(), model, test::small_tokenizer());
  const auto classifier = TextClassifier::load(directory.path(), {}, {.max_sentence_len = 2});
  const std::vector<std::string> brief_and_long{"a", kSentences.front()};
  const auto predictions = classifier.classify(std::span<const std::string>(brief_and_long));
  CHECK_FALSE(predictions[0].is_shortened);
  CHECK(predictions[1].is_shortened);
  CHECK_THROWS_AS(classifier.classify(std::string("\xff")), OptionError);

  auto padded = random_classifier(config, PoolingKind::padded_last);
  const test::TemporaryDirectory other;
  write_classifier(other.path(), padded, test::small_tokenizer());
  CHECK_THROWS_WITH(TextClassifier::load(other.path()), contains("load it as a module"));
}
