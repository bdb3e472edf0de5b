#include "minillama/data/data_split.h"

#include <cmath>
#include <map>
#include <set>

#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;

namespace {

using Examples = std::vector<LabelledSentence>;

/// As many different examples of label i as the i-th number says, mixed.
Examples examples(const std::vector<int>& counts) {
  Examples all;
  for (int i = 0; i < 1000; ++i) {
    for (std::size_t label = 0; label < counts.size(); ++label) {
      if (i >= counts[label]) continue;
      all.push_back(
          {std::to_string(i) + "/" + std::to_string(label), static_cast<std::int64_t>(label)});
    }
  }
  return all;
}

std::vector<int> counts(const Examples& part, std::size_t n_labels) {
  std::vector<int> counts(n_labels);
  for (const auto& example : part) ++counts[static_cast<std::size_t>(example.label)];
  return counts;
}

}  // namespace

TEST_CASE("split: each part has its share of each label") {
  const auto all = examples({100, 40, 7, 4, 3, 2, 1});
  const auto two = split_data(all, {.dev = 0.1, .seed = 3});
  CHECK(counts(two.dev, 7) == std::vector{10, 4, 1, 1, 1, 1, 0});
  CHECK(counts(two.train, 7) == std::vector{90, 36, 6, 3, 2, 1, 1});
  CHECK(two.test.empty());
  const auto three = split_data(all, {.dev = 0.2, .test = 0.3, .seed = 3});
  CHECK(counts(three.dev, 7) == std::vector{20, 8, 1, 1, 1, 1, 0});
  CHECK(counts(three.test, 7) == std::vector{30, 12, 2, 1, 1, 0, 0});
  CHECK(counts(three.train, 7) == std::vector{50, 20, 4, 2, 1, 1, 1});
  // However large a part is, each label is left to train on.
  const auto large = split_data(all, {.dev = 0.5, .test = 0.499, .seed = 3});
  CHECK(counts(large.train, 7) == std::vector{1, 1, 1, 1, 1, 1, 1});
}

TEST_CASE("split: each example is in one part, in the order of the whole") {
  const auto all = examples({30, 20, 10});
  const auto split = split_data(all, {.dev = 0.2, .test = 0.2, .seed = 1});
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < all.size(); ++i) place[all[i].sentence] = i;
  std::set<std::size_t> places;
  for (const auto* part : {&split.train, &split.dev, &split.test}) {
    std::size_t last = 0;
    for (const auto& example : *part) {
      const auto at = place.at(example.sentence);
      CHECK(all[at] == example);
      CHECK(places.insert(at).second);
      CHECK(at >= last);
      last = at;
    }
  }
  CHECK(places.size() == all.size());
}

TEST_CASE("split: no text is in two parts, under whatever labels it is") {
  auto all = examples({20, 20});
  const auto once = all;
  all.insert(all.end(), once.begin(), once.end());
  for (auto example : once) {
    example.label = 1 - example.label;
    all.push_back(example);
  }
  const auto split = split_data(all, {.dev = 0.3, .test = 0.3, .seed = 9});
  std::map<std::string, std::set<const Examples*>> parts;
  for (const auto* part : {&split.train, &split.dev, &split.test}) {
    for (const auto& example : *part) parts[example.sentence].insert(part);
  }
  CHECK(parts.size() == 40);
  for (const auto& [text, of_text] : parts) CHECK(of_text.size() == 1);
  CHECK(split.dev.size() == 36);  // 6 texts of each label, three times
}

TEST_CASE("split: the seed draws, the same bits everywhere") {
  const auto all = examples({10, 10});
  const auto drawn = [&](std::uint64_t seed) {
    std::string texts;
    for (const auto& example : split_data(all, {.dev = 0.3, .seed = seed}).dev) {
      texts += example.sentence + " ";
    }
    return texts;
  };
  CHECK(drawn(1) == drawn(1));
  std::set<std::string> different;
  for (std::uint64_t seed = 0; seed < 20; ++seed) different.insert(drawn(seed));
  CHECK(different.size() == 20);
  CHECK(drawn(1) == "1/0 3/0 6/1 7/0 7/1 9/1 ");
}

TEST_CASE("split: what is no share is refused") {
  const auto all = examples({10, 10});
  const auto error = [&](double dev, double test) {
    return test::option_error([&] { split_data(all, {.dev = dev, .test = test}); });
  };
  CHECK_THAT(error(-0.1, 0.2), contains("the share of dev is -0.1"));
  CHECK_THAT(error(1, 0), contains("the share of dev is 1"));
  CHECK_THAT(error(0.1, NAN), contains("the share of test is nan"));
  CHECK_THAT(error(0.5, 0.5), contains("the share of dev and test together is 1"));
  CHECK_THAT(error(0, 0), contains("the share of dev and test together is 0"));
  CHECK(split_data({}, {}).train.empty());
}
