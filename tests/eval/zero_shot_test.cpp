#include "minillama/eval/zero_shot.h"

#include <cmath>

#include "minillama/core/error.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/module_decoder.h"
#include "minillama/text/batch.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/small_model.h"

using namespace minillama;

namespace {

const std::vector<std::string> kLabels{"bad", "good", "excellent"};
const std::vector<std::string> kReviews{"A fine film .",
                                        "It is a long and very dull story about "
                                        "a man who does not know what he wants .",
                                        "No .", "The best of all ."};

LanguageModel model(AttentionKind attention, std::int64_t max_seq_len = 256) {
  auto config = test::small_config();
  config.vocab_size = test::small_tokenizer().vocab_size();
  config.max_seq_len = max_seq_len;
  config.attention = attention;
  LanguageModel made(config, make_generator(8));
  const torch::NoGradGuard no_grad;
  for (auto& parameter : made->parameters()) parameter.mul_(6);
  made->eval();
  return made;
}

std::vector<double> softmax(std::vector<double> scores) {
  double sum = 0;
  for (auto& score : scores) sum += score = std::exp(score);
  for (auto& score : scores) score /= sum;
  return scores;
}

void check_probabilities(const Prediction& prediction, const std::vector<double>& expected) {
  REQUIRE(prediction.probabilities.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(prediction.probabilities[i] == Approx(expected[i]).epsilon(1e-4));
  }
  CHECK(prediction.label == std::max_element(expected.begin(), expected.end()) - expected.begin());
}

/// log p(label | prompt), straight from the definition: one forward pass, token after token.
double log_likelihood(LanguageModel& lm, const Tokenizer& words, TokenIds ids,
                      const std::string& label) {
  double sum = 0;
  for (const auto id : words.encode(label)) {
    const auto logits = lm(torch::tensor(ids).unsqueeze(0))[0][-1];
    sum += logits.log_softmax(-1)[id].item<double>();
    ids.push_back(id);
  }
  return sum;
}

double log_likelihood(LanguageModel& lm, const Tokenizer& words, const std::string& prompt,
                      const std::string& label) {
  return log_likelihood(lm, words, with_bos(words, words.encode(prompt)), label);
}

}  // namespace

TEST_CASE("zero shot: a label scores its own conditional log-likelihood over all its tokens") {
  auto lm = model(AttentionKind::causal);
  const auto words = test::small_tokenizer();
  std::size_t longest_label = 0;
  for (const auto& label : kLabels) {
    longest_label = std::max(longest_label, words.encode(label).size());
  }
  REQUIRE(longest_label > 1);  // else the test would not see several tokens

  const ZeroShotClassifier classifier(decoder_source(lm), test::small_tokenizer(), kLabels);
  CHECK(classifier.prompt("X") == "X Is this movie bad, good, or excellent? This movie is");
  const auto predictions = classifier.classify(kReviews);
  const ZeroShotClassifier calibrated(decoder_source(lm), test::small_tokenizer(), kLabels,
                                      {.prior = LabelPrior{}});
  const auto calibrated_predictions = calibrated.classify(kReviews);
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < kReviews.size(); ++i) {
    std::vector<double> scores;
    std::vector<double> calibrated_scores;
    for (const auto& label : kLabels) {
      scores.push_back(log_likelihood(lm, words, classifier.prompt(kReviews[i]), label));
      calibrated_scores.push_back(scores.back() -
                                  log_likelihood(lm, words, classifier.prompt("N/A"), label));
    }
    check_probabilities(predictions[i], softmax(scores));
    check_probabilities(calibrated_predictions[i], softmax(calibrated_scores));
  }
}

TEST_CASE("zero shot: the prompt may be a template of one's own") {
  auto lm = model(AttentionKind::causal);
  const auto words = test::small_tokenizer();
  const ZeroShotClassifier classifier(decoder_source(lm), test::small_tokenizer(), kLabels,
                                      {.templates = {"Review: {sentence} The acting is"}});
  CHECK(classifier.prompt("X") == "Review: X The acting is");
  const auto predictions = classifier.classify(kReviews);
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < kReviews.size(); ++i) {
    std::vector<double> scores;
    for (const auto& label : kLabels) {
      scores.push_back(log_likelihood(lm, words, classifier.prompt(kReviews[i]), label));
    }
    check_probabilities(predictions[i], softmax(scores));
  }
}

TEST_CASE("zero shot: an answer does not depend on the other sentences") {
  const ZeroShotClassifier classifier(decoder_source(model(AttentionKind::causal)),
                                      test::small_tokenizer(), kLabels);
  const auto together = classifier.classify(kReviews);
  for (std::size_t i = 0; i < kReviews.size(); ++i) {
    check_probabilities(classifier.classify({&kReviews[i], 1}).front(), together[i].probabilities);
  }
}

TEST_CASE("zero shot: an engine and a module give the same answers, in both modes") {
  for (const bool compatible : {false, true}) {
    INFO("compatible " << compatible);
    auto lm = model(compatible ? AttentionKind::full : AttentionKind::causal);
    const ZeroShotOptions options{.compatible = compatible, .batch_size = 3};
    const test::TemporaryDirectory directory;
    write_language_model(directory.path(), lm, test::small_tokenizer());
    const auto on_engine = ZeroShotClassifier::load(directory.path(), kLabels, options);
    lm->to(torch::kDouble);  // which no engine computes
    const auto of_module = decoder_source(lm);
    CHECK_FALSE(of_module.is_concurrent);
    const ZeroShotClassifier on_module(of_module, test::small_tokenizer(), kLabels, options);
    const auto expected = on_module.classify(kReviews);
    const auto predictions = on_engine.classify(kReviews);
    for (std::size_t i = 0; i < kReviews.size(); ++i) {
      check_probabilities(predictions[i], expected[i].probabilities);
    }
  }
}

TEST_CASE("zero shot: the compatible mode cuts nothing that the context has no room for") {
  auto lm = model(AttentionKind::full, 16);
  const ZeroShotClassifier classifier(decoder_source(lm), test::small_tokenizer(), kLabels,
                                      {.compatible = true});
  const std::vector<std::string> two{kReviews[1], kReviews[1] + " and no"};
  const auto predictions = classifier.classify(std::span<const std::string>(two));
  CHECK_FALSE(predictions[0].is_shortened);
  CHECK(predictions[0].probabilities != predictions[1].probabilities);
}

TEST_CASE("zero shot: the compatible mode computes what the assignment's reference computes") {
  auto lm = model(AttentionKind::full);
  const auto words = test::small_tokenizer();
  const ZeroShotClassifier classifier(decoder_source(lm), test::small_tokenizer(), kLabels,
                                      {.compatible = true, .batch_size = 3});
  CHECK(classifier.prompt("X") == "X Is this movie bad, good, or excellent? This movie is ");
  const auto predictions = classifier.classify(kReviews);

  const torch::NoGradGuard no_grad;
  for (std::size_t start = 0; start < kReviews.size(); start += 3) {
    const auto end = std::min(start + 3, kReviews.size());
    std::size_t longest = 0;
    std::vector<TokenIds> rows;
    for (auto i = start; i < end; ++i) {
      rows.push_back(with_bos(words, words.encode(classifier.prompt(kReviews[i]))));
      longest = std::max(longest, rows.back().size());
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].resize(longest, words.pad_id());
      const auto last = lm(torch::tensor(rows[i]).unsqueeze(0))[0][-1].log_softmax(-1);
      std::vector<double> scores;
      for (const auto& label : kLabels) {
        double sum = 0;
        for (const auto id : words.encode(label)) sum += last[id].item<double>();
        scores.push_back(sum);
      }
      check_probabilities(predictions[start + i], softmax(scores));
    }
  }
}

TEST_CASE("zero shot: a long sentence is cut, the question is not") {
  const auto words = test::small_tokenizer();
  std::string endless;
  for (int i = 0; i < 300; ++i) endless += "film ";
  const auto question = words.encode("Is this movie bad, good, or excellent? This movie is");
  std::size_t longest_label = 0;
  for (const auto& label : kLabels) {
    longest_label = std::max(longest_label, words.encode(label).size());
  }
  const auto context = static_cast<std::int64_t>(question.size() + longest_label + 10);
  const ZeroShotClassifier classifier(decoder_source(model(AttentionKind::causal, context)),
                                      test::small_tokenizer(), kLabels);
  const auto first = classifier.classify({&endless, 1}).front();
  CHECK(first.is_shortened);
  // What stands behind the cut makes no difference.
  const auto also_endless = endless + "excellent excellent";
  check_probabilities(classifier.classify({&also_endless, 1}).front(), first.probabilities);
  const std::string brief = "film";
  CHECK_FALSE(classifier.classify({&brief, 1}).front().is_shortened);
}

TEST_CASE("zero shot: in a conversation the user asks, and a label goes on with the answer") {
  auto lm = model(AttentionKind::causal);
  const auto words = test::small_tokenizer();
  const ChatTemplate chat(ChatFormat{.kind = "plain",
                                     .start = "<s>",
                                     .user = {.before = "User: ", .behind = "</s>"},
                                     .answer = "It: "});
  const ZeroShotClassifier classifier(decoder_source(lm), words, kLabels, {.chat = chat});
  const std::string asked = "<s>User: X Is this movie bad, good, or excellent?</s>It: ";
  CHECK(classifier.prompt("X") == asked + "This movie is");
  const ZeroShotClassifier own(decoder_source(lm), words, kLabels,
                               {.templates = {"Film: {sentence}"}, .chat = chat});
  const auto predictions = classifier.classify(kReviews);
  const auto own_predictions = own.classify(kReviews);
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < kReviews.size(); ++i) {
    std::vector<double> scores;
    std::vector<double> own_scores;
    const auto score = [&](const ZeroShotClassifier& asker, const std::string& label) {
      // sentencepiece begins every part as a word: what is around a sentence is encoded apart.
      const auto prompt = asker.prompt(kReviews[i]);
      const auto place = prompt.find(kReviews[i]);
      auto behind = prompt.substr(place + kReviews[i].size());
      if (behind.starts_with(' ')) behind.erase(0, 1);
      if (behind.ends_with(' ')) behind.pop_back();
      auto ids = ChatTemplate::encode(words, prompt.substr(0, place - 1));
      for (const auto& part : {words.encode(kReviews[i]), ChatTemplate::encode(words, behind)}) {
        ids.insert(ids.end(), part.begin(), part.end());
      }
      return log_likelihood(lm, words, ids, label);
    };
    for (const auto& label : kLabels) {
      scores.push_back(score(classifier, label));
      own_scores.push_back(score(own, label));
    }
    check_probabilities(predictions[i], softmax(scores));
    check_probabilities(own_predictions[i], softmax(own_scores));
  }
  CHECK_THROWS_WITH(
      ZeroShotClassifier(decoder_source(lm), words, kLabels, {.compatible = true, .chat = chat}),
      contains("chat template"));
}

TEST_CASE("zero shot: what does not go together is refused") {
  const auto make = [](AttentionKind attention, const ZeroShotOptions& options,
                       std::int64_t context = 256) {
    return ZeroShotClassifier(decoder_source(model(attention, context)), test::small_tokenizer(),
                              kLabels, options);
  };
  CHECK_THROWS_WITH(make(AttentionKind::full, {}), contains("needs causal attention"));
  CHECK_THROWS_AS(make(AttentionKind::full, {.compatible = true, .prior = LabelPrior{}}),
                  OptionError);
  CHECK_THROWS_WITH(make(AttentionKind::full, {.compatible = true, .batch_size = 0}),
                    "batch-size is 0, must be at least 1");
  CHECK_THROWS_AS(make(AttentionKind::causal, {.max_sentence_len = -1}), OptionError);
  CHECK_THROWS_AS(make(AttentionKind::causal, {.templates = {"The acting is"}}), OptionError);
  CHECK_THROWS_WITH(make(AttentionKind::causal, {}, 12), contains("no room for a sentence"));
  auto classifier = make(AttentionKind::causal, {});
  const std::string invalid = "caf\xe9";
  CHECK_THROWS_AS(classifier.classify({&invalid, 1}), OptionError);
}
