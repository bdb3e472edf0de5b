// Labelled texts of all formats through the classification apps.

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

using Words = std::vector<std::string>;

/// Texts under the labels "pan" and "rave", in three formats.
struct Place : TemporaryDirectory {
  Place() {
    file("train.csv",
         "id,review,verdict\n1,\"Dull,\nvery dull .\",pan\n2,A delight .,rave\n"
         "3,Poor .,pan\n4,\"A \"\"must\"\" .\",rave\n");
    file("dev.jsonl",
         "{\"review\": \"Dull .\\nVery .\", \"verdict\": \"pan\"}\n"
         "{\"review\": \"Fine .\", \"verdict\": \"rave\"}\n");
    file("numbers.tsv", "text\tlabel\nDull .\t0\nFine .\t3\n");
  }

  Outcome run(const Words& words) const { return run_app("classify_sst", words, path()); }
  Outcome train(const Words& more) const {
    return run(replacing({"-m", repository_file("checkpoints/reviews-tiny").string(), "--train",
                          "train.csv", "--dev", "dev.jsonl", "--epochs", "1", "--option", "lora",
                          "--text-column", "review", "--label-column", "verdict"},
                         more));
  }
};

}  // namespace

TEST_CASE("labelled files: labels that are words become the names of the classifier's") {
  const Place place;
  const auto outcome = place.train({"--out-dir", "o"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, contains("train.csv: the labels are pan, rave"));
  const auto config = nlohmann::json::parse(read_text(place.path() / "o/config.json"));
  CHECK(config.at("classifier").at("labels") == nlohmann::json{"pan", "rave"});
  // A text of two lines is one of the predictions.
  CHECK(lines_in(read_text(place.path() / "o/sst-dev-lora-output.txt")) == 2);

  const auto used = place.run({"--model", "o", "--dev", "dev.jsonl", "--text-column", "review",
                               "--label-column", "verdict", "--json"});
  INFO(used.err);
  REQUIRE(used.exit_code == 0);
  CHECK(nlohmann::json::parse(used.out).at("sentences") == 2);
  const auto unknown = place.run({"--model", "o", "--dev", "numbers.tsv"});
  CHECK(unknown.exit_code == 3);
  CHECK_THAT(unknown.err, contains("numbers.tsv:3: label \"3\" lies outside 0 to 1 (pan, rave)"));
}

TEST_CASE("labelled files: of one file a part is evaluated on, and what is odd is told") {
  const Place place;
  std::string rows = "text,label\n";
  for (int i = 0; i < 20; ++i) {
    rows += "Film " + std::to_string(i) + (i % 2 == 0 ? " is dull .,pan\n" : " is fine .,rave\n");
  }
  place.file("one.csv", rows + "Film 1 is fine .,rave\nFilm 3 is fine .,pan\n");
  const Words alone{"-m",       repository_file("checkpoints/reviews-tiny").string(),
                    "--option", "lora",
                    "--epochs", "1",
                    "--train",  "one.csv"};
  const auto outcome = place.run(replacing(alone, {"--out-dir", "o"}));
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, contains("without --dev a tenth of --train is evaluated on, ") &&
                              contains(" of 22 texts, drawn by --seed 1337"));
  CHECK_THAT(outcome.err,
             contains("label") && contains(" train texts are there again") &&
                 contains("1 texts are under two labels, such as \"Film 3 is fine .\"") &&
                 contains("of the most frequent label, ") && contains(" of naive Bayes\n"));
  const auto predictions = read_text(place.path() / "o/sst-dev-lora-output.txt");
  CHECK(lines_in(predictions) >= 2);
  CHECK(lines_in(predictions) <= 4);
  place.file("two.csv", "text,label\na,pan\nb,rave\n");
  const auto few = place.run(replacing(alone, {"--train", "two.csv"}));
  CHECK(few.exit_code == 2);
  CHECK_THAT(few.err, contains("2 examples are too few to leave some to evaluate on: give --dev"));
}

TEST_CASE("labelled files: numbers of the data set's own labels keep their names") {
  const Place place;
  const auto outcome = place.run({"-m", repository_file("checkpoints/reviews-tiny").string(),
                                  "--train", "numbers.tsv", "--dev", "numbers.tsv", "--epochs", "1",
                                  "--option", "lora", "--out-dir", "o"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, contains("taken for the text is column 1 (text)"));
  CHECK_THAT(outcome.err, contains("no sentence to train on has the label 1 (bad)"));
  const auto config = nlohmann::json::parse(read_text(place.path() / "o/config.json"));
  CHECK(config.at("classifier").at("labels").at(0) == "awful");
}

TEST_CASE("labelled files: a model that is asked reads them, too, and an unknown label is named") {
  const Place place;
  const auto asked = place.run({"--option", "prompt", "--dev", "numbers.tsv", "--dev-out", "out"});
  INFO(asked.err);
  CHECK(asked.exit_code == 0);
  CHECK_THAT(asked.out, contains("2 sentences"));
  const auto unknown = place.run({"--option", "prompt", "--dev", "dev.jsonl", "--text-column",
                                  "review", "--label-column", "verdict"});
  CHECK(unknown.exit_code == 3);
  CHECK_THAT(unknown.err, contains("dev.jsonl:1: label \"pan\" is not known: the labels are awful, "
                                   "bad, average, good, excellent"));
}
