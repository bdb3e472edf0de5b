#include "minillama/data/soft_labels.h"

#include <cmath>

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;

namespace {

const std::vector<std::string> kNames{"bad", "good"};

SoftLabels read(const std::string& text) {
  const test::TemporaryDirectory directory;
  return read_soft_labels(directory.file("soft.jsonl", text), kNames);
}

std::string soft_label_error(const std::string& text) {
  return test::file_error([&] { read(text); });
}

}  // namespace

TEST_CASE("soft labels: each text has its probabilities, in the order of the labels") {
  const auto soft =
      read(R"({"text": "fine", "probabilities": {"good": 0.75, "bad": 0.25}, "label": "good"})"
           "\n"
           R"({"probabilities": {"bad": 1, "good": 0}, "text": "awful \u00e9"})"
           "\n"
           R"({"text": "fine", "probabilities": {"bad": 0.5005, "good": 0.5004}})"
           "\n\n");
  REQUIRE(soft.size() == 2);
  CHECK(soft.at("awful \xC3\xA9") == std::vector<double>{1, 0});
  CHECK(soft.at("fine")[0] == Approx(0.5005 / 1.0009));
  CHECK(soft.at("fine")[0] + soft.at("fine")[1] == Approx(1).epsilon(1e-15));
}

TEST_CASE("soft labels: what cannot be used is named by its line") {
  const std::string good = R"({"text": "a", "probabilities": {"bad": 0.5, "good": 0.5}})"
                           "\n";
  const auto refused = [&](const std::string& line, const std::string& message) {
    const auto error = soft_label_error(good + line + "\n");
    INFO(error);
    CHECK_THAT(error, contains("soft.jsonl:2: "));
    CHECK_THAT(error, contains(message));
  };
  refused("[]", "[] is no JSON object");
  refused(R"({"probabilities": {"bad": 1, "good": 0}})", "field \"text\" is missing");
  refused(R"({"text": 3, "probabilities": {"bad": 1, "good": 0}})", "field \"text\" is 3");
  refused(R"({"text": "b"})", "field \"probabilities\" is missing");
  refused(R"({"text": "b", "probabilities": [1, 0]})", "must be an object of labels");
  refused(R"({"text": "b", "probabilities": {"bad": 1}})", "field \"good\" is missing");
  refused(R"({"text": "b", "probabilities": {"bad": 1, "good": 0, "ugly": 0}})",
          "probabilities of 3 labels, there are 2");
  refused(R"({"text": "b", "probabilities": {"bad": "1", "good": 0}})",
          "the probability of \"bad\" is \"1\"");
  refused(R"({"text": "b", "probabilities": {"bad": 1.5, "good": -0.5}})", "is 1.5, must lie");
  refused(R"({"text": "b", "probabilities": {"bad": 0.5, "good": 0.4}})", "sum is 0.9");
  refused(R"({"text": "b", )", "");
  CHECK_THAT(soft_label_error("\n"), contains("holds no soft label"));
}

TEST_CASE("soft targets: lie between the label and the soft label, by the share") {
  const SoftLabels soft{{"a", {0.25, 0.75}}, {"b", {1, 0}}};
  const std::vector<LabelledSentence> examples{{"b", 1}, {"a", 0}, {"a", 1}};
  using Targets = std::vector<std::vector<double>>;
  CHECK(soft_targets(examples, soft, 0) == Targets{{0, 1}, {1, 0}, {0, 1}});
  CHECK(soft_targets(examples, soft, 1) == Targets{{1, 0}, {0.25, 0.75}, {0.25, 0.75}});
  CHECK(soft_targets(examples, soft, 0.5) == Targets{{0.5, 0.5}, {0.625, 0.375}, {0.125, 0.875}});
  for (const double share : {-0.1, 1.1, std::nan("")}) {
    CHECK_THAT(test::option_error([&] { soft_targets(examples, soft, share); }),
               contains("soft-label-share is"));
  }
  const std::vector<LabelledSentence> other{{"c", 0}};
  CHECK_THAT(test::option_error([&] { soft_targets(other, soft, 1); }),
             contains("no soft label of the text \"c\""));
  const std::vector<LabelledSentence> wrong{{"a", 2}};
  CHECK_THAT(test::option_error([&] { soft_targets(wrong, soft, 1); }), contains("label"));
}
