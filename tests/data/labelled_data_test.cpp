#include "minillama/data/labelled_data.h"

#include "minillama/data/label_names.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;

namespace {

using Names = std::vector<std::string>;

Names names_of(const Names& labels) {
  DataRecords data{.path = "f", .records = {}};
  for (const auto& label : labels) data.records.push_back({.text = "a", .label = label});
  return find_label_names(data);
}

std::string names_error(const Names& labels) {
  return test::file_error([&] { names_of(labels); });
}

}  // namespace

TEST_CASE("label names: are sorted, as numbers if all are") {
  CHECK(names_of({"good", "bad", "good", "so so"}) == Names{"bad", "good", "so so"});
  CHECK(names_of({"10", "9", "-1", "10"}) == Names{"-1", "9", "10"});
  CHECK(names_of({"10", "9", "x"}) == Names{"10", "9", "x"});
  CHECK(names_of({"1.0", "0.5", "10.0"}) == Names{"0.5", "1.0", "10.0"});
}

TEST_CASE("label names: fewer than two, and far too many, are refused") {
  CHECK(names_error({"x", "x"}) == "f: has but one label, \"x\": at least 2 are needed");
  Names many;
  for (int i = 0; i < 4096; ++i) many.push_back(std::to_string(i));
  CHECK(names_of(many).size() == 4096);
  many.emplace_back("x");
  CHECK(names_error(many) == "f:1: label \"x\" is the 4097th, 4096 are possible");
}

TEST_CASE("label index: a name has its place, an integer its own where no name is one") {
  const LabelIndex words(Names{"bad", "good", "so so"});
  CHECK(words.find("good") == 1);
  CHECK(words.find("so so") == 2);
  CHECK(words.find("0") == 0);
  CHECK(words.find("2") == 2);
  for (const auto* label : {"3", "-1", "1.0", "Good", "", "99999999999999999999"}) {
    CHECK_FALSE(words.find(label));
  }
  const LabelIndex stars(Names{"1", "2", "5"});
  CHECK(stars.find("1") == 0);
  CHECK(stars.find("5") == 2);
  CHECK_FALSE(stars.find("0"));
  CHECK_THAT(words.problem("3"), contains("label \"3\" lies outside 0 to 2 (bad, good, so so)"));
  CHECK(words.problem("x") == "label \"x\" is not known: the labels are bad, good, so so");
  CHECK(stars.problem("3") == "label \"3\" is not known: the labels are 1, 2, 5");
  CHECK_THAT(test::option_error([] { LabelIndex(Names{"a"}); }), contains("number of labels is 1"));
  CHECK(test::option_error([] {
          LabelIndex(Names{"a", "a"});
        }) == "label name \"a\" is there twice");
}

TEST_CASE("labelled data: labels are found in training, and other sets are read under them") {
  const test::TemporaryDirectory directory;
  const auto train = read_labelled_data(
      directory.file("train.csv", "text,label\nA delight .,good\nA bore .,bad\n"));
  CHECK(train.label_names == Names{"bad", "good"});
  CHECK(train.examples == std::vector<LabelledSentence>{{"A delight .", 1}, {"A bore .", 0}});

  const auto dev = directory.file("dev.jsonl", "{\"text\": \"Fine .\", \"label\": \"good\"}\n");
  CHECK(read_labelled_data(dev, train.label_names) == std::vector<LabelledSentence>{{"Fine .", 1}});
  const auto numbers = directory.file("numbers.txt", "1 ||| Fine .\n0 ||| Dull .\n");
  CHECK(read_labelled_data(numbers, train.label_names) ==
        std::vector<LabelledSentence>{{"Fine .", 1}, {"Dull .", 0}});
  const auto broken = directory.file("broken.csv", "text,label\n\"a\nb\",good\nc,so so\n");
  CHECK_THAT(test::file_error([&] { read_labelled_data(broken, train.label_names); }),
             contains("broken.csv:4: label \"so so\" is not known: the labels are bad, good"));
}

TEST_CASE("labelled data: the shipped form with integers means what it did") {
  const auto path = test::data_file("sst/sst-dev.txt");
  SKIP_WITHOUT(path, "sst");
  const Names names{"awful", "bad", "average", "good", "excellent"};
  CHECK(read_labelled_data(*path, names) == read_labelled_sentences(*path, 5));
  CHECK(read_labelled_data(*path).label_names == Names{"0", "1", "2", "3", "4"});
}
