#include "minillama/text/shots.h"

#include <algorithm>
#include <map>
#include <set>

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

namespace {

const std::vector<std::string> kNames{"bad", "so so", "good"};

/// `each` examples of each label, all different.
std::vector<LabelledSentence> examples(std::int64_t each) {
  std::vector<LabelledSentence> all;
  for (std::int64_t i = 0; i < each; ++i) {
    for (std::int64_t label = 0; label < std::ssize(kNames); ++label) {
      all.push_back({"film " + std::to_string(i) + "/" + std::to_string(label), label});
    }
  }
  return all;
}

std::map<std::string, int> counts(const std::vector<Shot>& shots) {
  std::map<std::string, int> counts;
  for (const auto& shot : shots) ++counts[shot.answer];
  return counts;
}

}  // namespace

TEST_CASE("shots: are balanced over the labels, and each is another example with its label") {
  const auto all = examples(20);
  for (const std::int64_t n : {1, 2, 3, 7, 12}) {
    const auto shots = draw_shots(all, kNames, n, 5);
    REQUIRE(std::ssize(shots) == n);
    std::set<std::string> sentences;
    for (const auto& [sentence, answer] : shots) {
      CHECK(sentences.insert(sentence).second);
      const auto label = sentence.back() - '0';
      CHECK(answer == kNames[static_cast<std::size_t>(label)]);
    }
    for (const auto& name : kNames) {
      const auto count = counts(shots)[name];
      CHECK(count >= n / 3);
      CHECK(count <= (n + 2) / 3);
    }
  }
  CHECK(draw_shots(all, kNames, 0, 5).empty());
}

TEST_CASE("shots: the seed draws the examples, the labels that have one more, and the order") {
  const auto all = examples(20);
  CHECK(draw_shots(all, kNames, 7, 5) == draw_shots(all, kNames, 7, 5));
  std::set<std::string> first_sentences, first_answers, single;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto shots = draw_shots(all, kNames, 6, seed);
    first_sentences.insert(shots.front().sentence);
    first_answers.insert(shots.front().answer);
    single.insert(draw_shots(all, kNames, 1, seed).front().answer);
  }
  CHECK(first_sentences.size() > 15);
  CHECK(first_answers.size() == 3);
  CHECK(single.size() == 3);
}

TEST_CASE("shots: what cannot be drawn is refused") {
  auto all = examples(2);
  CHECK_THROWS_WITH(draw_shots(all, kNames, -1, 0), "shots is -1, must be 0 or positive");
  CHECK(draw_shots(all, kNames, 6, 0).size() == 6);
  CHECK_THROWS_WITH(
      draw_shots(all, kNames, 9, 0),
      "9 examples, as many of each label: 1 more examples are needed of the label \"bad\"");
  std::erase_if(all, [](const auto& example) { return example.label == 1; });
  CHECK_THROWS_WITH(draw_shots(all, kNames, 3, 0),
                    contains("1 more examples are needed of the label \"so so\""));
  all.push_back({"x", 3});
  CHECK_THROWS_AS(draw_shots(all, kNames, 1, 0), OptionError);
}
