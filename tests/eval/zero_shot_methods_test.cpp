// What a label's score is made of, beside the probabilities of single tokens that
// eval/text_likelihood.h gives, on the small model that ships.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "minillama/core/error.h"
#include "minillama/eval/text_likelihood.h"
#include "minillama/eval/zero_shot.h"

#include "support/catch.h"
#include "support/counting_decoder.h"
#include "support/files.h"

using namespace minillama;

namespace {

const std::vector<std::string> kLabels{"bad", "good", "unmissable"};
const std::vector<std::string> kSentences{
    "A fine film .", "It is long and very dull , and it knows that it is .", "No .",
    "The best of all , and the actors are the reason ."};

const Checkpoint& checkpoint() {
  static const auto opened = Checkpoint::open(test::repository_file("checkpoints/reviews-tiny"));
  return opened;
}

DecoderSource model() {
  static const auto weights = std::make_shared<const Weights>(checkpoint().language_model());
  return decoder_source(weights);
}

const Tokenizer& words() {
  static const auto tokenizer = checkpoint().tokenizer();
  return tokenizer;
}

ZeroShotClassifier classifier(const ZeroShotOptions& options, DecoderSource source = model()) {
  return {std::move(source), words(), kLabels, options};
}

using Scores = std::vector<double>;

/// log p(label | prompt) of each label, from the probabilities of single tokens.
Scores log_likelihoods(const TokenIds& prompt) {
  Scores scores;
  for (const auto& label : kLabels) {
    auto ids = prompt;
    for (const auto id : words().encode(label)) ids.push_back(id);
    const auto logs = token_log_probabilities(model(), {&ids, 1}).front();
    scores.push_back(
        std::accumulate(logs.begin() + std::ptrdiff_t(prompt.size()) - 1, logs.end(), 0.0));
  }
  return scores;
}

Scores log_likelihoods(const std::string& prompt) {
  return log_likelihoods(with_bos(words(), words().encode(prompt)));
}

Scores softmax(Scores scores) {
  double sum = 0;
  for (auto& score : scores) sum += score = std::exp(score);
  for (auto& score : scores) score /= sum;
  return scores;
}

Scores minus(Scores scores, const Scores& others) {
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] -= others[i];
  return scores;
}

Scores log_of_mean(const std::vector<Scores>& probabilities) {
  Scores logs(kLabels.size());
  for (const auto& one : probabilities) {
    for (std::size_t i = 0; i < logs.size(); ++i) logs[i] += one[i];
  }
  for (auto& log : logs) log = std::log(log / double(probabilities.size()));
  return logs;
}

void check_probabilities(const Prediction& prediction, const Scores& expected) {
  REQUIRE(prediction.probabilities.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(prediction.probabilities[i] == Approx(expected[i]).epsilon(1e-4));
  }
  CHECK(prediction.label == std::ranges::max_element(expected) - expected.begin());
}

void check_probabilities(const std::vector<Prediction>& predictions,
                         const std::vector<Scores>& expected) {
  REQUIRE(predictions.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    check_probabilities(predictions[i], expected[i]);
}

std::string asked(const std::string& sentence) {
  return sentence + " Is this movie bad, good, or unmissable? This movie is";
}

}  // namespace

TEST_CASE("zero-shot methods: a label's log-likelihood is divided by its length") {
  std::vector<std::size_t> sizes;
  for (const auto& label : kLabels) sizes.push_back(words().encode(label).size());
  REQUIRE(sizes[2] > sizes[0]);  // else tokens make no difference
  for (const std::string normalization : {"none", "tokens", "bytes"}) {
    INFO(normalization);
    const auto predictions =
        classifier({.length_normalization = normalization}).classify(kSentences);
    std::vector<Scores> expected;
    for (const auto& sentence : kSentences) {
      auto scores = log_likelihoods(asked(sentence));
      for (std::size_t i = 0; i < scores.size(); ++i) {
        if (normalization == "tokens") scores[i] /= double(sizes[i]);
        if (normalization == "bytes") scores[i] /= double(kLabels[i].size());
      }
      expected.push_back(softmax(scores));
    }
    check_probabilities(predictions, expected);
  }
}

TEST_CASE("zero-shot methods: the mean prior behind texts without content is divided out") {
  std::vector<Scores> expected, of_one;
  const auto prior = log_of_mean({softmax(log_likelihoods(asked("N/A"))),
                                  softmax(log_likelihoods(asked("").substr(1))),
                                  softmax(log_likelihoods(asked("[MASK]")))});
  for (const auto& sentence : kSentences) {
    expected.push_back(softmax(minus(log_likelihoods(asked(sentence)), prior)));
    of_one.push_back(
        softmax(minus(log_likelihoods(asked(sentence)), log_likelihoods(asked("N/A")))));
  }
  const LabelPrior several{.texts = {"N/A", "", "[MASK]"}};
  check_probabilities(classifier({.prior = several}).classify(kSentences), expected);
  check_probabilities(classifier({.prior = LabelPrior{}}).classify(kSentences), of_one);
}

TEST_CASE("zero-shot methods: what labels score behind a premise of the domain is divided out") {
  std::vector<Scores> expected, of_own;
  for (const auto& sentence : kSentences) {
    const auto scores = log_likelihoods("Film: " + sentence + " The acting is");
    expected.push_back(softmax(minus(scores, log_likelihoods("The acting is"))));
    of_own.push_back(softmax(minus(scores, log_likelihoods("Films are"))));
  }
  ZeroShotOptions options{.templates = {"Film: {sentence} The acting is"},
                          .prior = LabelPrior{.kind = "domain"}};
  check_probabilities(classifier(options).classify(kSentences), expected);
  options.prior->texts = {"Films are"};
  check_probabilities(classifier(options).classify(kSentences), of_own);
  // What has no text around the sentence is compared with the label as a text.
  options = {.templates = {"{sentence}"}, .prior = LabelPrior{.kind = "domain"}};
  expected.clear();
  for (const auto& sentence : kSentences) {
    expected.push_back(softmax(minus(log_likelihoods(sentence), log_likelihoods(""))));
  }
  check_probabilities(classifier(options).classify(kSentences), expected);
  std::string endless;
  for (int i = 0; i < 2000; ++i) endless += "film ";
  options.prior->texts = {endless};
  CHECK_THROWS_WITH(classifier(options), contains("premise has"));
}

TEST_CASE("zero-shot methods: the mean over the sentences of the call is divided out") {
  std::vector<Scores> scores, probabilities, expected;
  for (const auto& sentence : kSentences) {
    scores.push_back(log_likelihoods(asked(sentence)));
    probabilities.push_back(softmax(scores.back()));
  }
  const auto prior = log_of_mean(probabilities);
  for (const auto& one : scores) expected.push_back(softmax(minus(one, prior)));
  const auto asker = classifier({.prior = LabelPrior{.kind = "batch"}});
  check_probabilities(asker.classify(kSentences), expected);
  CHECK_FALSE(asker.answers_singly());
  CHECK_THROWS_WITH(asker.classify(kSentences[0]), contains("the sentences of a set"));
  CHECK(asker.classify(std::span<const std::string>{}).empty());
}

TEST_CASE("zero-shot methods: several templates answer with the mean of their probabilities") {
  const std::vector<std::string> texts{"{sentence} The acting is",
                                       "A film that is {sentence} It is", "{sentence} In short :"};
  const LabelPrior prior;
  std::vector<std::vector<Prediction>> single;
  for (const auto& text : texts) {
    single.push_back(classifier({.templates = {text}, .prior = prior}).classify(kSentences));
  }
  const auto together = classifier({.templates = texts, .prior = prior});
  CHECK(together.prompt("X") == "X The acting is");
  const auto predictions = together.classify(kSentences);
  for (std::size_t i = 0; i < kSentences.size(); ++i) {
    Scores mean(kLabels.size());
    for (std::size_t label = 0; label < mean.size(); ++label) {
      for (const auto& of_template : single) mean[label] += of_template[i].probabilities[label] / 3;
    }
    check_probabilities(predictions[i], mean);
  }
}

namespace {

const std::vector<Shot> kShots{{"A delight .", "good"}, {"A dull mess", "bad"}, {"Oh !", "good"}};

/// To sentencepiece every part begins as a word does.
TokenIds behind_shots(const std::string& sentence) {
  TokenIds ids = with_bos(words(), {});
  const auto add = [&](const std::string& text) {
    for (const auto id : words().encode(text)) ids.push_back(id);
  };
  for (const auto& shot : kShots) {
    add(shot.sentence);
    add("The acting is");
    add(shot.answer);
    add("\n\n");
  }
  add(sentence);
  add("The acting is");
  return ids;
}

}  // namespace

TEST_CASE("zero-shot methods: shots are read in front of the sentence") {
  const ZeroShotOptions options{.templates = {"{sentence} The acting is"}, .shots = kShots};
  const auto shown = classifier(options);
  CHECK(shown.prompt("X") == "X The acting is");
  const auto predictions = shown.classify(kSentences);
  std::vector<Scores> expected;
  for (const auto& sentence : kSentences) {
    expected.push_back(softmax(log_likelihoods(behind_shots(sentence))));
  }
  check_probabilities(predictions, expected);
  // The same bits as the long prompt has that is read alone, and as each sentence alone.
  std::vector<TokenIds> label_ids;
  for (const auto& label : kLabels) label_ids.push_back(words().encode(label));
  for (std::size_t i = 0; i < kSentences.size(); ++i) {
    const auto prompt = behind_shots(kSentences[i]);
    const auto alone = label_log_likelihoods(model(), {&prompt, 1}, LabelPlan(label_ids)).front();
    CHECK(predictions[i].probabilities == to_prediction(alone).probabilities);
    CHECK(predictions[i].probabilities ==
          shown.classify(std::span(&kSentences[i], 1)).front().probabilities);
  }
}

TEST_CASE("zero-shot methods: many sentences cost the shots once") {
  std::vector<std::string> sentences;
  for (int i = 0; i < 60; ++i) sentences.push_back(kSentences[std::size_t(i) % 4]);
  std::vector<std::size_t> counts;
  const ZeroShotOptions options{.templates = {"{sentence} The acting is"}, .shots = kShots};
  classifier(options, test::counting(model(), counts)).classify(sentences);
  const auto shots = behind_shots("").size() - words().encode("The acting is").size();
  std::vector<TokenIds> label_ids;
  for (const auto& label : kLabels) label_ids.push_back(words().encode(label));
  std::size_t expected = shots, of_labels = 0;
  for (const auto& ids : LabelPlan(label_ids).continuations) of_labels += ids.size();
  for (const auto& sentence : sentences) {
    expected += behind_shots(sentence).size() - shots + of_labels;
  }
  CHECK(std::accumulate(counts.begin(), counts.end(), std::size_t{0}) == expected);
}

TEST_CASE("zero-shot methods: shots stand in front of what has no content, too") {
  const ZeroShotOptions options{.templates = {"{sentence} The acting is"},
                                .shots = kShots,
                                .prior = LabelPrior{.texts = {"N/A", ""}}};
  const auto prior = log_of_mean(
      {softmax(log_likelihoods(behind_shots("N/A"))), softmax(log_likelihoods(behind_shots("")))});
  std::vector<Scores> expected;
  for (const auto& sentence : kSentences) {
    expected.push_back(softmax(minus(log_likelihoods(behind_shots(sentence)), prior)));
  }
  check_probabilities(classifier(options).classify(kSentences), expected);
}

TEST_CASE("zero-shot methods: shots in a conversation are its turns") {
  const ChatTemplate chat(ChatFormat{.kind = "plain",
                                     .start = "<s>",
                                     .user = {.before = "User: ", .behind = "</s>"},
                                     .assistant = {.before = "It: ", .behind = "</s>"},
                                     .answer = "It: "});
  const ZeroShotOptions options{
      .templates = {"{sentence} Good?{answer}It is"}, .chat = chat, .shots = {{"A mess", "bad"}}};
  const auto predictions = classifier(options).classify(kSentences);
  for (std::size_t i = 0; i < kSentences.size(); ++i) {
    TokenIds ids;
    const auto add = [&](const TokenIds& part) { ids.insert(ids.end(), part.begin(), part.end()); };
    add(ChatTemplate::encode(words(), "<s>User:"));
    add(words().encode("A mess"));
    add(ChatTemplate::encode(words(), "Good?</s>It: It is"));
    add(words().encode("bad"));
    add(ChatTemplate::encode(words(), "</s>User:"));
    add(words().encode(kSentences[i]));
    add(ChatTemplate::encode(words(), "Good?</s>It: It is"));
    check_probabilities(predictions[i], softmax(log_likelihoods(ids)));
  }
}

TEST_CASE("zero-shot methods: only a prior of the sentences makes answers depend on each other") {
  const std::vector<ZeroShotOptions> all{
      {},
      {.length_normalization = "bytes"},
      {.templates = {"{sentence} It is", "{sentence} The acting is"}},
      {.prior = LabelPrior{}},
      {.prior = LabelPrior{.kind = "domain"}},
      {.shots = kShots},
      {.shots = kShots, .prior = LabelPrior{.kind = "domain", .texts = {"Films are"}}}};
  for (const auto& options : all) {
    const auto asker = classifier(options);
    CHECK(asker.answers_singly());
    const auto together = asker.classify(kSentences);
    for (std::size_t i = 0; i < kSentences.size(); ++i) {
      CHECK(asker.classify(std::span(&kSentences[i], 1)).front().probabilities ==
            together[i].probabilities);
    }
  }
}

TEST_CASE("zero-shot methods: what makes no sense is refused") {
  const auto refused = [](const ZeroShotOptions& options, const std::string& message) {
    CHECK_THROWS_WITH(classifier(options), contains(message));
  };
  refused({.length_normalization = "words"}, "length normalization is \"words\"");
  refused({.prior = LabelPrior{.kind = "flat"}}, "must be content-free or domain or batch");
  refused({.prior = LabelPrior{.kind = "batch", .texts = {"x"}}}, "takes no texts");
  refused({.compatible = true, .shots = kShots}, "shots do not go with the compatible mode");
  refused({.compatible = true, .templates = {"{sentence} a", "{sentence} b"}},
          "several templates do not go with the compatible mode");
  refused({.compatible = true, .length_normalization = "bytes"},
          "length normalization does not go with the compatible mode");
  refused({.compatible = true, .prior = LabelPrior{.kind = "batch"}},
          "calibration does not go with the compatible mode");
  std::vector<Shot> many(200, {"A film that is not bad at all", "good"});
  refused({.shots = many}, "no room for a sentence behind 200 shots");
}
