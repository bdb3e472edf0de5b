#include "minillama/eval/explanation.h"

#include <cmath>

#include "minillama/eval/text_classifier.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;

namespace {

/// A classifier whose log-odds are a sum over a text's words, but for a pair that says the same.
class SumClassifier : public SentenceClassifier {
 public:
  using SentenceClassifier::classify;
  std::vector<Prediction> classify(std::span<const std::string> sentences) const override {
    ++calls;
    std::vector<Prediction> predictions;
    for (const auto& sentence : sentences) {
      seen.push_back(sentence);
      double sum = 0.25;
      if (sentence.find("fine") != std::string::npos) sum += 1.5;
      if (sentence.find("dull") != std::string::npos) sum -= 3;
      const bool twice = sentence.find("good") != sentence.rfind("good");
      if (twice || sentence.find("good") != std::string::npos) sum += 2;
      const double p = 1 / (1 + std::exp(-sum));
      predictions.push_back({p >= 0.5 ? 1 : 0, {1 - p, p}});
    }
    return predictions;
  }
  std::string prompt(const std::string& sentence) const override { return sentence; }
  const std::vector<std::string>& label_names() const override { return names; }
  bool answers_singly() const override { return singly; }

  std::vector<std::string> names{"bad", "good"};
  bool singly = true;
  mutable int calls = 0;
  mutable std::vector<std::string> seen;
};

}  // namespace

TEST_CASE("explanation: what each word adds to the log-odds, in one call") {
  const SumClassifier classifier;
  const std::string text = " A fine  film\tnot dull .";
  const auto why = explain(classifier, text, 1);
  CHECK(classifier.calls == 1);
  CHECK(classifier.seen == std::vector<std::string>{text, " fine  film\tnot dull .",
                                                    " A  film\tnot dull .", " A fine\tnot dull .",
                                                    " A fine  film dull .", " A fine  film\tnot .",
                                                    " A fine  film\tnot dull"});
  CHECK(why.label == 1);
  CHECK(why.log_odds == Approx(0.25 + 1.5 - 3));
  const std::vector<double> expected{0, 1.5, 0, 0, -3, 0};
  REQUIRE(why.words.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(why.words[i].value == Approx(expected[i]).margin(1e-12));
  }
  CHECK(why.words[1].place == TextWord{3, 7});

  // Of the label that is not the answer the same with the other sign; without a label, the
  // answer's.
  CHECK(explain(classifier, text, 0).words[1].value == Approx(-1.5));
  CHECK(explain(classifier, text).label == 0);
}

TEST_CASE("explanation: of two words that say the same neither is worth anything alone") {
  const SumClassifier classifier;
  const auto why = explain(classifier, "good good fine", 1);
  CHECK(why.words[0].value == Approx(0).margin(1e-12));
  CHECK(why.words[1].value == Approx(0).margin(1e-12));
  CHECK(why.words[2].value == Approx(1.5));
}

TEST_CASE("explanation: a text of one word, and one without") {
  const SumClassifier classifier;
  CHECK(explain(classifier, " fine ", 1).words.at(0).value == Approx(1.5));
  CHECK(explain(classifier, "  ").words.empty());
  CHECK(explain(classifier, "").words.empty());
}

TEST_CASE("log-odds: by the others' sum, so that certainty has a size") {
  CHECK(log_odds({0, {0.8, 0.2}}, 0) == Approx(std::log(4)));
  CHECK(log_odds({0, {0.5, 0.3, 0.2}}, 1) == Approx(std::log(0.3 / 0.7)));
  CHECK(log_odds({0, {1, 1e-40}}, 0) == Approx(40 * std::log(10)));
  CHECK(std::isfinite(log_odds({0, {1, 0}}, 0)));
  CHECK(std::isfinite(log_odds({0, {1, 0}}, 1)));
}

TEST_CASE("explanation: what cannot be explained") {
  SumClassifier classifier;
  CHECK(test::option_error([&] { explain(classifier, "fine", 2); }) ==
        "the label is 2, must be at least 0 and less than 2");
  CHECK(test::option_error([&] { explain(classifier, "fine", -1); }) ==
        "the label is -1, must be at least 0 and less than 2");
  CHECK_THAT(test::option_error([&] { explain(classifier, "\xFF"); }), contains("must be UTF-8"));
  CHECK(test::option_error([] {
          log_odds({0, {1}}, 0);
        }) == "the number of labels is 1, must be at least 2 for log-odds");
  CHECK(classifier.calls == 0);
  classifier.singly = false;
  CHECK_THAT(test::option_error([&] { explain(classifier, "fine"); }),
             contains("this classifier's answers depend on"));
}

TEST_CASE("explanation: a classifier on the engine, of one word, too") {
  const auto classifier = TextClassifier::load(test::repository_file("checkpoints/sst"));
  const std::string text = "A delight from its first scene to its last .";
  const auto why = explain(classifier, text);
  CHECK(why.log_odds ==
        Approx(log_odds(classifier.classify(std::span(&text, 1)).front(), why.label)));
  REQUIRE(why.words.size() == 10);
  // "delight" speaks most for it.
  for (const auto& word : why.words) CHECK(word.value <= why.words[1].value);
  const std::string without = "A from its first scene to its last .";
  CHECK(why.words[1].value ==
        Approx(why.log_odds -
               log_odds(classifier.classify(std::span(&without, 1)).front(), why.label)));
  CHECK(explain(classifier, "Delightful").words.size() == 1);
}
