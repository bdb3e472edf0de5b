#include "minillama/data/data_check.h"

#include <algorithm>

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;

namespace {

using Examples = std::vector<LabelledSentence>;

const std::vector<std::string> kNames{"bad", "good", "so so"};

/// A token a byte; of these, bytes are those of no ASCII.
TokenCount count_bytes(std::string_view text) {
  const auto n = std::count_if(text.begin(), text.end(), [](char c) { return c < 0; });
  return {.tokens = text.size(), .bytes = static_cast<std::size_t>(n)};
}

}  // namespace

TEST_CASE("data check: counts what a look at the data would find") {
  Examples train{{"a", 0}, {"b", 1}, {"a", 0}, {"a", 1}, {" \n", 1}, {"", 0}, {"b", 1}};
  for (int i = 0; i < 10; ++i) train.push_back({"c" + std::to_string(i), 1});
  const Examples dev{{"a", 0}, {"d", 1}, {"c3", 1}, {"", 0}};
  const Examples test{{"a", 1}, {"e", 0}};
  const auto report =
      check_data(std::vector<DataPart>{{"train", train}, {"dev", dev}, {"test", test}}, kNames);
  REQUIRE(report.parts.size() == 3);
  CHECK(report.label_names == kNames);
  const auto& part = report.parts[0];
  CHECK(part.name == "train");
  CHECK(part.n_of_label == std::vector<std::size_t>{3, 14, 0});
  CHECK(part.n_examples == 17);
  CHECK(part.share_of_label(1) == 14.0 / 17);
  CHECK(part.n_empty == 2);
  CHECK(part.n_duplicates == 3);
  CHECK(part.few == std::vector<std::size_t>{0, 2});
  CHECK(part.n_tokens == 0);
  CHECK(part.share_of_byte_tokens() == 0);
  CHECK(report.parts[1].n_duplicates == 0);
  CHECK(report.parts[1].n_empty == 1);
  CHECK(report.in_two_parts.n == 2);
  CHECK(report.in_two_parts.first == "a");
  CHECK(report.under_two_labels.n == 1);
  CHECK(report.under_two_labels.first == "a");
}

TEST_CASE("data check: clean data have nothing to tell") {
  const Examples train{{"a", 0}, {"b", 1}};
  const auto report = check_data(std::vector<DataPart>{{"train", train}}, kNames, {.few = 0});
  CHECK(report.in_two_parts.n == 0);
  CHECK(report.under_two_labels.n == 0);
  CHECK(report.parts[0].n_duplicates == 0);
  CHECK(report.parts[0].few.empty());
}

TEST_CASE("data check: tokens are counted, those of bytes apart, and texts that would be cut") {
  const Examples train{{"abc", 0},
                       {"abcd", 1},
                       {"\xC3\xA9"
                        "a",
                        1}};
  const std::vector<DataPart> parts{{"train", train}};
  const auto report = check_data(parts, kNames, {.count_tokens = count_bytes, .max_tokens = 3});
  CHECK(report.parts[0].n_tokens == 10);
  CHECK(report.parts[0].n_byte_tokens == 2);
  CHECK(report.parts[0].share_of_byte_tokens() == 0.2);
  CHECK(report.parts[0].n_cut == 1);
  CHECK(check_data(parts, kNames, {.count_tokens = count_bytes}).parts[0].n_cut == 0);
}

TEST_CASE("data check: a tokenizer's counter tells the bytes of characters that it lacks") {
  const auto tokenizer =
      Tokenizer::load(test::repository_file("checkpoints/reviews/tokenizer.model"));
  const auto count = token_counter(tokenizer);
  const auto english = count("A delight from its first scene to its last .");
  CHECK(english.tokens == tokenizer.encode("A delight from its first scene to its last .").size());
  CHECK(english.bytes == 0);
  const auto japanese = count("\u6620\u753b");
  CHECK(japanese.bytes == 6);
  CHECK(count("").tokens == 0);
}

TEST_CASE("data check: what cannot be looked at is refused") {
  const Examples train{{"a", 3}};
  const auto error = [&](const std::vector<DataPart>& parts) {
    return test::option_error([&] { check_data(parts, kNames); });
  };
  CHECK_THAT(error({}), contains("the number of parts is 0"));
  CHECK_THAT(error({{"train", train}}), contains("an example's label is 3"));
  CHECK_THAT(error({{"a", {}}, {"a", {}}}), contains("the name of a part is a"));
  CHECK_THAT(test::option_error([&] {
               check_data(std::vector<DataPart>{{"a", {}}}, kNames).parts[0].share_of_label(3);
             }),
             contains("the label is 3"));
  CHECK(check_data(std::vector<DataPart>{{"a", {}}}, kNames).parts[0].share_of_label(0) == 0);
}
