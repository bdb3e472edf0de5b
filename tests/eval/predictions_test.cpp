#include "minillama/eval/predictions.h"

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;

TEST_CASE("predictions: one line a sentence, in the assignment's format") {
  const test::TemporaryDirectory directory;
  const std::vector<std::int64_t> labels{3, 0, 1};
  const std::vector<std::string> sentences{"It 's lovely .", "Größe ||| <br />", "two\nlines"};
  write_predictions(directory.path() / "out.txt", labels, sentences);
  CHECK(test::read_text(directory.path() / "out.txt") ==
        "3 ||| It 's lovely .\n0 ||| Größe ||| <br />\n1 ||| two lines\n");
  CHECK_THROWS_AS(write_predictions(directory.path() / "absent" / "o", labels, sentences), IoError);
}

TEST_CASE("predictions: are read again beside the sentences that they are of") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "out.txt";
  const std::vector<std::string> sentences{"It 's lovely .", "Größe ||| <br />", "two\nlines"};
  const std::vector<std::string> prompts{"It 's lovely . Is it ?", "Größe ||| <br /> Is it ?",
                                         "two\nlines Is it ?"};
  const std::vector<std::int64_t> labels{3, 0, 1};
  for (const auto& texts : {sentences, prompts}) {
    write_predictions(path, labels, texts);
    CHECK(read_predictions(path, sentences, 4) == labels);
  }
  const auto refused = [&](std::string_view content) -> std::string {
    directory.file("out.txt", content);
    try {
      read_predictions(path, sentences, 4);
    } catch (const FileError& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string first = "3 ||| It 's lovely .\n", second = "0 ||| Größe ||| <br />\n",
                    third = "1 ||| two lines\n";
  CHECK(refused(first + second + third) == "accepted");
  const auto at = [&](const std::string& place) { return path.native() + place; };
  CHECK(refused("") == at(": is empty"));
  CHECK(refused(first + second) == at(":3: is missing: the set has 3 sentences"));
  CHECK(refused(first + second + third + first) ==
        at(":4: is one more than the 3 sentences of the set"));
  CHECK(refused(first + third + second) ==
        at(":2: is of \"two lines\", not of \"Größe ||| <br />\""));
  CHECK(refused(first + "0 || Größe\n") ==
        at(":2: no \" ||| \" between label and sentence: \"0 || Größe\""));
  CHECK(refused("4 ||| It 's lovely .\n") == at(":1: label \"4\" lies outside 0 to 3"));
  CHECK(refused("x ||| It 's lovely .\n") == at(":1: label \"x\" is not an integer"));
  CHECK_THAT(refused(first + "\xFF\n"), contains(":2: not UTF-8"));
  CHECK_THROWS_AS(read_predictions(directory.path() / "absent", sentences, 4), FileError);
}

TEST_CASE("predictions: the probabilities of all labels, a JSON object a line") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "p.jsonl";
  const std::vector<std::string> names{"bad", "très \"bon\""}, sentences{"A bore .", "two\nlines"};
  const std::vector<Prediction> predictions{{.label = 0, .probabilities = {0.75, 0.25}},
                                            {.label = 1, .probabilities = {0.125, 0.875}}};
  write_probabilities(path, names, sentences, std::vector<std::int64_t>{1, 1}, predictions);
  CHECK(test::read_text(path) ==
        "{\"text\":\"A bore .\",\"label\":\"très \\\"bon\\\"\",\"predicted\":\"bad\","
        "\"probabilities\":{\"bad\":0.75,\"très \\\"bon\\\"\":0.25}}\n"
        "{\"text\":\"two\\nlines\",\"label\":\"très \\\"bon\\\"\","
        "\"predicted\":\"très \\\"bon\\\"\","
        "\"probabilities\":{\"bad\":0.125,\"très \\\"bon\\\"\":0.875}}\n");
  write_probabilities(path, names, std::vector<std::string>{"A bore ."}, {},
                      std::vector<Prediction>{predictions[0]});
  CHECK_THAT(test::read_text(path), !contains("\"label\""));

  const auto absent = directory.path() / "absent.jsonl";
  const auto refused = [&](std::span<const std::string> of, std::vector<std::int64_t> labels,
                           std::span<const std::string> named) {
    return test::option_error([&] { write_probabilities(absent, named, of, labels, predictions); });
  };
  const std::vector<std::string> one{"A"}, three{"a", "b", "c"};
  CHECK_THAT(refused(one, {}, names), contains("2 predictions for 1 sentences and 0 labels"));
  CHECK_THAT(refused(sentences, {1}, names), contains("for 2 sentences and 1 labels"));
  CHECK_THAT(refused(sentences, {1, 2}, names), contains("label is 2"));
  CHECK_THAT(refused(sentences, {0, 0}, one), contains("must be that of the labels, 1"));
  CHECK_THAT(refused(sentences, {0, 0}, three), contains("must be that of the labels, 3"));
  CHECK_FALSE(std::filesystem::exists(absent));
}
