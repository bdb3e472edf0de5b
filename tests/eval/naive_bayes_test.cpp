#include "minillama/eval/naive_bayes.h"

#include <cmath>

#include "minillama/core/json.h"
#include "minillama/eval/majority.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;

namespace {

const Json& reference() {
  static const Json read = [] {
    const auto path = test::repository_file("tests/reference/naive_bayes.json");
    return parse_json(test::read_text(path), path);
  }();
  return read;
}

std::vector<LabelledSentence> examples_of(const Json& one) {
  std::vector<LabelledSentence> examples;
  for (const auto& example : one.at("examples")) {
    examples.push_back({example.at(0).get<std::string>(), example.at(1).get<std::int64_t>()});
  }
  return examples;
}

}  // namespace

TEST_CASE("naive Bayes: words are those of the definition in Python") {
  for (const auto& one : reference().at("words")) {
    INFO(one.dump());
    CHECK(words_of(one.at("text").get<std::string>()) ==
          one.at("words").get<std::vector<std::string>>());
  }
  CHECK(words_of("It's fun!!") == std::vector<std::string>{"it", "'", "s", "fun", "!!"});
}

TEST_CASE("naive Bayes: scores and answers are those of the definition in Python") {
  const auto cases = reference().at("cases");
  REQUIRE(cases.size() == 3);
  for (const auto& one : cases) {
    const NaiveBayes model(examples_of(one), one.at("labels").get<std::int64_t>(),
                           one.at("smoothing").get<double>());
    for (std::size_t i = 0; i < one.at("texts").size(); ++i) {
      const auto text = one.at("texts").at(i).get<std::string>();
      const auto& expected = one.at("scores").at(i);
      INFO(text);
      const auto scores = model.scores(text);
      REQUIRE(scores.size() == expected.size());
      for (std::size_t y = 0; y < scores.size(); ++y) {
        if (expected.at(y).is_null()) {
          CHECK(scores[y] == -INFINITY);
        } else {
          CHECK(scores[y] == Approx(expected.at(y).get<double>()).epsilon(1e-12));
        }
      }
      CHECK(model.classify(text) == one.at("answers").at(i));
    }
  }
}

TEST_CASE("naive Bayes: what it cannot learn from is refused") {
  const std::vector<LabelledSentence> examples{{"a", 0}, {"b", 1}};
  const auto error = [](const std::vector<LabelledSentence>& of, std::int64_t n, double smoothing) {
    return test::option_error([&] { NaiveBayes(of, n, smoothing); });
  };
  CHECK(error(examples, 2, 1) == "accepted");
  CHECK_THAT(error(examples, 1, 1), contains("an example's label is 1"));
  CHECK_THAT(error(examples, 0, 1), contains("the number of labels is 0"));
  CHECK_THAT(error({}, 2, 1), contains("the number of examples is 0"));
  CHECK_THAT(error(examples, 2, 0), contains("smoothing is 0"));
  CHECK_THAT(error(examples, 2, NAN), contains("smoothing is nan"));
  CHECK_THAT(error({{"\xff", 0}}, 2, 1), contains("must be UTF-8"));
  CHECK(error({{"", 0}}, 2, 1) == "accepted");
}

TEST_CASE("majority: the label that most examples have, of several the first") {
  CHECK(majority_label(std::vector<LabelledSentence>{{"a", 2}, {"b", 1}, {"c", 2}}, 3) == 2);
  CHECK(majority_label(std::vector<LabelledSentence>{{"a", 2}, {"b", 1}}, 3) == 1);
  CHECK_THAT(test::option_error([] { majority_label({}, 3); }), contains("examples is 0"));
  CHECK_THAT(test::option_error([] {
               majority_label(std::vector<LabelledSentence>{{"a", 2}}, 2);
             }),
             contains("an example's label is 2"));
}
