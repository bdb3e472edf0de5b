#include "minillama/eval/ensemble.h"

#include <cmath>

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

namespace {

/// Says the same of every sentence; those with a "!" at the end it may shorten.
class Stubborn : public SentenceClassifier {
 public:
  Stubborn(const std::vector<double>& probabilities, std::vector<std::string> names,
           bool cuts = false)
      : names_(std::move(names)), cuts_(cuts) {
    std::vector<double> scores;
    for (const double p : probabilities) scores.push_back(std::log(p));
    prediction_ = to_prediction(scores);
  }
  using SentenceClassifier::classify;
  std::vector<Prediction> classify(std::span<const std::string> sentences) const override {
    std::vector<Prediction> all(sentences.size(), prediction_);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].is_shortened = cuts_ && sentences[i].ends_with('!');
    }
    return all;
  }
  std::string prompt(const std::string& sentence) const override { return names_[0] + sentence; }
  const std::vector<std::string>& label_names() const override { return names_; }

 private:
  std::vector<std::string> names_;
  bool cuts_;
  Prediction prediction_;
};

using Members = std::vector<std::shared_ptr<const SentenceClassifier>>;

std::shared_ptr<const SentenceClassifier> says(const std::vector<double>& probabilities,
                                               bool cuts = false) {
  return std::make_shared<Stubborn>(probabilities, std::vector<std::string>{"a", "b", "c"}, cuts);
}

}  // namespace

TEST_CASE("ensemble: the mean of the members' probabilities answers") {
  const Ensemble together(
      Members{says({0.5, 0.4, 0.1}), says({0.1, 0.45, 0.45}, true), says({0.45, 0.4, 0.15})});
  const std::vector<std::string> sentences{"x", "y!"};
  const auto predictions = together.classify(std::span<const std::string>(sentences));
  REQUIRE(predictions.size() == 2);
  for (const auto& prediction : predictions) {
    CHECK(prediction.label == 1);  // which is the first choice of none that says 0
    CHECK(prediction.probabilities[0] == Approx(1.05 / 3));
    CHECK(prediction.probabilities[1] == Approx(1.25 / 3));
    CHECK(prediction.probabilities[2] == Approx(0.7 / 3));
  }
  CHECK(!predictions[0].is_shortened);
  CHECK(predictions[1].is_shortened);
  CHECK(together.prompt("x") == "ax");
  CHECK(together.answers_singly());
}

TEST_CASE("ensemble: members must have the same labels") {
  const auto other =
      std::make_shared<Stubborn>(std::vector<double>{0.5, 0.5}, std::vector<std::string>{"a", "b"});
  CHECK_THROWS_WITH(Ensemble(Members{says({0.5, 0.4, 0.1}), other}),
                    contains("has the labels \"a, b\", the first one \"a, b, c\""));
  CHECK_THROWS_AS(Ensemble(Members{}), OptionError);
  CHECK_THROWS_AS(Ensemble(Members{nullptr}), OptionError);
}
