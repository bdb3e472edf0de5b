#include "minillama/model/integrated_gradients.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

const std::vector<std::string> kReviews{
    "A delight from its first scene to its last .",
    "The plot is dull and the jokes are painfully unfunny .",
    "An intelligent , moving and beautifully acted film .",
    "It is neither as funny nor as clever as it thinks it is .",
    "One of the worst movies of the year , and one of the longest .",
    "Fans of the book will enjoy this lively , charming adaptation ."};

/// A classifier whose weights all matter.
ModuleTextClassifier random_small_classifier(PoolingKind pooling, double temperature = 1,
                                             bool in_double = false) {
  auto config = test::small_config();
  config.vocab_size = test::small_tokenizer().vocab_size();
  config.max_seq_len = 64;
  auto generator = make_generator(5);
  const ClassifierConfig of_labels{.label_names = {"awful", "fine", "great"},
                                   .pooling = pooling,
                                   .sentence_template = "Review: {sentence} It is",
                                   .temperature = temperature};
  Classifier model(Llama(config, generator), of_labels, generator);
  {
    const torch::NoGradGuard no_grad;
    for (auto& item : model->named_parameters()) {
      const bool norm = item.key().find("norm") != std::string::npos;
      item.value().normal_(norm ? 1 : 0, norm ? 0.3 : 0.2, generator);
    }
  }
  if (in_double) model->to(torch::kDouble);
  return {model, test::small_tokenizer()};
}

double sum(const Explanation& explanation) {
  double total = 0;
  for (const auto& word : explanation.words) total += word.value;
  return total;
}

/// By how much the values of the words do not add up to what they explain.
double residual(ModuleTextClassifier& classifier, const std::string& text, std::int64_t steps) {
  const auto result = integrated_gradients(classifier, text, {.steps = steps});
  return std::abs(sum(result.explanation) -
                  (result.explanation.log_odds - result.baseline_log_odds));
}

/// Spearman's rank correlation; no two values are equal.
double rank_correlation(const Explanation& a, const Explanation& b) {
  const auto ranks = [](const Explanation& explanation) {
    std::vector<double> out;
    for (const auto& word : explanation.words) {
      out.push_back(static_cast<double>(std::ranges::count_if(
          explanation.words, [&](const auto& other) { return other.value < word.value; })));
    }
    return out;
  };
  const auto of_a = ranks(a), of_b = ranks(b);
  const auto n = static_cast<double>(of_a.size());
  double squares = 0;
  for (std::size_t i = 0; i < of_a.size(); ++i) squares += std::pow(of_a[i] - of_b[i], 2);
  return 1 - 6 * squares / (n * (n * n - 1));
}

template <typename Explain>
double mean_rank_correlation(const Explain& first, const Explain& second) {
  double total = 0;
  for (const auto& text : kReviews) total += rank_correlation(first(text), second(text));
  return total / static_cast<double>(kReviews.size());
}

}  // namespace

TEST_CASE("integrated gradients: the definition, by differences and a sum of many terms") {
  for (const auto pooling : {PoolingKind::last, PoolingKind::mean}) {
    auto classifier = random_small_classifier(pooling, 1.7, /*in_double=*/true);
    auto& model = classifier.model();
    const std::string text = "No film at all";
    const auto result = integrated_gradients(classifier, text, {.steps = 64, .label = 2});

    // The tokens of the text, each of which is a word's.
    const auto ids = classifier.encode(std::span(&text, 1)).ids.front();
    const auto before = classifier.tokenizer().encode("Review:").size() + 1;
    const auto own = classifier.tokenizer().encode(text, TextPlace::after_space);
    const torch::NoGradGuard no_grad;
    model->eval();
    const auto input = model->llama->tok_embeddings(torch::tensor(ids));
    const auto log_odds_at = [&](const torch::Tensor& embeddings) {
      const Sequences sequences({embeddings.size(0)});
      const auto hidden = model->llama->forward_embedded(embeddings, sequences);
      const auto state = pooling == PoolingKind::mean ? hidden.mean(0) : hidden[-1];
      const auto p = torch::softmax((torch::mv(model->classifier_head->weight, state) +
                                     model->classifier_head->bias) /
                                        1.7,
                                    0)[2]
                         .item<double>();
      return std::log(p / (1 - p));
    };
    double expected_sum = 0;
    for (std::size_t t = 0; t < own.size(); ++t) {
      const auto row = static_cast<std::int64_t>(before + t);
      auto own_part = torch::zeros_like(input);
      own_part[row].copy_(input[row]);
      auto path = torch::zeros_like(input);
      const auto first = static_cast<std::int64_t>(before), n = std::ssize(own);
      path.narrow(0, first, n).copy_(input.narrow(0, first, n));
      constexpr int kTerms = 400;
      constexpr double kStep = 1e-5;
      for (int i = 0; i < kTerms; ++i) {
        const auto at = input - path + (i + 0.5) / kTerms * path;
        expected_sum += (log_odds_at(at + kStep * own_part) - log_odds_at(at - kStep * own_part)) /
                        (2 * kStep * kTerms);
      }
    }
    CHECK(sum(result.explanation) == Approx(expected_sum).epsilon(1e-3));
    CHECK(result.explanation.log_odds == Approx(log_odds_at(input)));
    CHECK(result.explanation.words.size() == 4);
  }
}

TEST_CASE("integrated gradients: complete, the better the more steps") {
  for (const auto pooling : {PoolingKind::last, PoolingKind::mean}) {
    auto classifier = random_small_classifier(pooling);
    for (const std::string text : {"A film .", "The plot has more holes than a sieve ."}) {
      CAPTURE(text);
      CHECK(residual(classifier, text, 64) < 1e-3);
      CHECK(residual(classifier, text, 64) < residual(classifier, text, 2));
    }
  }
}

TEST_CASE(
    "integrated gradients: the trained classifier's, complete, and what occlusion finds, too") {
  auto classifier = load_classifier(test::repository_file("checkpoints/sst"));
  double most = 0, most_of_few = 0;
  for (const auto& text : kReviews) {
    most = std::max(most, residual(classifier, text, 64));
    most_of_few = std::max(most_of_few, residual(classifier, text, 4));
  }
  CAPTURE(most, most_of_few);
  CHECK(most < 0.1);  // seen: 0.068, and 14.7 with 4 points
  CHECK(most < most_of_few);
  const auto gradients = [&](const std::string& text) {
    return integrated_gradients(classifier, text).explanation;
  };
  const auto occluded = [&](const std::string& text) { return explain(classifier, text); };
  using Explain = std::function<Explanation(const std::string&)>;
  CHECK(mean_rank_correlation<Explain>(gradients, occluded) > 0.3);
}

TEST_CASE("explanations: of random weights they have nothing of the trained model's") {
  // The sanity check of Adebayo et al. 2018, arXiv:1810.03292: what a method shows must come from
  // what was learnt.
  auto trained = load_classifier(test::repository_file("checkpoints/sst"));
  auto random = load_classifier(test::repository_file("checkpoints/sst"));
  random.model()->reset_parameters(make_generator(3));
  // Of one label, since random weights hardly have an opinion of their own.
  const auto gradients = [](ModuleTextClassifier& classifier) {
    return [&](const std::string& text) {
      return integrated_gradients(classifier, text, {.label = 4}).explanation;
    };
  };
  const auto occluded = [](ModuleTextClassifier& classifier) {
    return [&](const std::string& text) { return explain(classifier, text, 4); };
  };
  using Explain = std::function<Explanation(const std::string&)>;
  const auto of_gradients = mean_rank_correlation<Explain>(gradients(trained), gradients(random));
  const auto of_occlusion = mean_rank_correlation<Explain>(occluded(trained), occluded(random));
  CAPTURE(of_gradients, of_occlusion);
  CHECK(std::abs(of_gradients) < 0.25);
  CHECK(std::abs(of_occlusion) < 0.25);
}

TEST_CASE("integrated gradients: no words, words that were cut, and the modes stay as they were") {
  auto classifier = random_small_classifier(PoolingKind::mean);
  CHECK(integrated_gradients(classifier, " ").explanation.words.empty());
  std::string text;
  for (int i = 0; i < 60; ++i) text += "film ";
  classifier.model()->train();
  const auto why = integrated_gradients(classifier, text, {.steps = 4}).explanation;
  CHECK(classifier.model()->is_training());
  REQUIRE(why.words.size() == 60);
  CHECK(why.words.front().value != 0);
  CHECK(why.words.back().value == 0);
  for (const auto& parameter : classifier.model()->parameters()) {
    CHECK_FALSE(parameter.grad().defined());
  }
}

TEST_CASE("integrated gradients: what cannot be explained") {
  auto classifier = random_small_classifier(PoolingKind::mean);
  CHECK(test::option_error([&] { integrated_gradients(classifier, "a", {.steps = 0}); }) ==
        "steps is 0, must be at least 1");
  CHECK(test::option_error([&] { integrated_gradients(classifier, "a", {.label = 3}); }) ==
        "the label is 3, must be at least 0 and less than 3");
  CHECK_THAT(test::option_error([&] { integrated_gradients(classifier, "\xFF"); }),
             contains("UTF-8"));
  auto padded = random_small_classifier(PoolingKind::padded_last);
  CHECK_THAT(test::option_error([&] { integrated_gradients(padded, "a"); }),
             contains("this classifier's answers depend on"));
}
