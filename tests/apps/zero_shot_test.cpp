// How a language model is asked, through the programs.

#include <set>

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama;
using namespace minillama::test;

namespace {

using Words = std::vector<std::string>;

/// A directory with files of sentences, and the small model that ships asked about one of them.
struct Place : TemporaryDirectory {
  Place() {
    file("dev", "0 ||| A bore .\n4 ||| A delight .\n2 ||| It is a film , and it is long .\n");
    std::string train;
    for (const std::string sentence : {"Dull", "Poor", "So so", "Good", "A joy"}) {
      for (const std::string label : {"0", "1", "2", "3", "4"}) {
        train += label + " ||| " + sentence + " " + label + "\n";
      }
    }
    file("train", train);
    file("broken", "0 ||| A bore .\n7 ||| Seven .\n");
  }

  Outcome ask(Words words) const {
    const Words asked{"--option", "prompt", "--quiet", "-m",
                      repository_file("checkpoints/reviews-tiny").string()};
    words.insert(words.begin(), asked.begin(), asked.end());
    return run_app("classify_sst", words, path(), "", {}, {"MINILLAMA_DATA=" + path().string()});
  }

  /// The probability of the label that it answers with.
  double probability(Words words) const {
    words.insert(words.end(), {"--json", "It is long ."});
    const auto outcome = ask(words);
    CAPTURE(words, outcome.err);
    REQUIRE(outcome.exit_code == 0);
    return Json::parse(outcome.out).at("probability");
  }
};

}  // namespace

TEST_CASE("zero-shot apps: every way to ask gives another answer, the same each time") {
  const Place place;
  const std::vector<Words> ways{
      {},
      {"--length-normalization", "bytes"},
      {"--prior", "domain"},
      {"--prior", "domain", "--domain-premise", "Films are"},
      {"--calibrate"},
      {"--calibrate", "--content-free", "[MASK]"},
      {"--calibrate", "--content-free", "[MASK]", "--content-free", ""},
      {"--template", "{sentence} The acting is"},
      {"--template", "{sentence} The acting is", "--template", "{sentence} It is"},
      {"--shots", "3", "--shots-from", "train"},
      {"--shots", "3", "--shots-from", "train", "--seed", "1"},
      {"--shots", "4", "--shots-from", "train"}};
  std::set<double> answers;
  for (const auto& way : ways) answers.insert(place.probability(way));
  CHECK(answers.size() == ways.size());
  for (const auto& way : {ways[6], ways[8], ways[10]}) {
    CHECK(answers.contains(place.probability(way)));
  }
  CHECK(place.probability({"--prior", "content-free", "--content-free", "N/A"}) ==
        place.probability({"--calibrate"}));
}

TEST_CASE("zero-shot apps: examples are those of the training set that lies where data does") {
  const Place place;
  std::filesystem::create_directory(place.path() / "sst");
  std::filesystem::copy_file(place.path() / "train", place.path() / "sst/sst-train.txt");
  CHECK(place.probability({"--shots", "3"}) ==
        place.probability({"--shots", "3", "--shots-from", "train"}));
}

TEST_CASE("zero-shot apps: a set is compared with itself, and its predictions are lines") {
  const Place place;
  const auto outcome = place.ask({"--prior", "batch", "--shots", "5", "--shots-from", "train",
                                  "--dev", "dev", "--dev-out", "out", "--json"});
  CHECK(outcome.exit_code == 0);
  CHECK(Json::parse(outcome.out).at("sentences") == 3);
  CHECK(lines_in(read_text(place.path() / "out")) == 3);
}

TEST_CASE("zero-shot apps: what has no effect or no meaning is refused") {
  const Place place;
  const auto refused = [&](const Words& words, const std::string& message, int exit_code = 2) {
    const auto outcome = place.ask(words);
    CAPTURE(words, outcome.err);
    CHECK(outcome.exit_code == exit_code);
    CHECK(lines_in(outcome.err) == 1);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, contains(message));
  };
  refused({"--content-free", "x", "A ."},
          "--content-free has no effect without --prior content-free or --calibrate");
  refused({"--prior", "domain", "--content-free", "x", "A ."}, "--content-free has no effect");
  refused({"--domain-premise", "x", "A ."},
          "--domain-premise has no effect without --prior domain");
  refused({"--shots-from", "train", "A ."}, "--shots-from has no effect without --shots");
  refused({"--seed", "3", "A ."}, "--seed has no effect without");
  refused({"--calibrate", "--prior", "domain", "A ."}, "--calibrate does not go with --prior");
  refused({"--prior", "flat", "A ."}, "\"flat\", must be content-free or domain or batch");
  refused({"--prior", "batch", "A ."}, "--prior batch needs --dev or --test");
  refused({"--length-normalization", "words", "A ."}, "must be none or tokens or bytes");
  for (const Words& words : std::vector<Words>{{"--prior", "domain"},
                                               {"--length-normalization", "bytes"},
                                               {"--shots", "2"},
                                               {"--calibrate"}}) {
    auto all = words;
    all.insert(all.end(), {"--compat", "cmu2025", "A ."});
    refused(all, words[0] + " does not go with --compat");
  }
  refused(
      {"--template", "{sentence} a", "--template", "{sentence} b", "--compat", "cmu2025", "A ."},
      "--template is given twice");
  refused({"--shots", "2", "A ."}, "no data/sst/sst-train.txt found: give --shots-from");
  refused({"--shots", "-2", "--shots-from", "train", "A ."}, "shots is -2");
  refused({"--shots", "60", "--shots-from", "train", "A ."}, "more examples are needed");
  refused({"--shots", "2", "--shots-from", "train", "--seed", "-1", "A ."}, "--seed is -1");
  refused({"--shots", "2", "--shots-from", "broken", "A ."}, "broken:2", 3);
  refused({"--shots", "2", "--shots-from", "dev", "--dev", "dev"}, "--shots-from is --dev");

  const auto trained = run_app("classify_sst", {"--shots", "2", "A ."}, place.path());
  CHECK(trained.exit_code == 2);
  CHECK_THAT(trained.err, contains("--shots goes with --option prompt"));
  const auto training =
      run_app("classify_sst",
              {"--option", "lora", "--template", "{sentence} a", "--template", "{sentence} b"},
              place.path());
  CHECK(training.exit_code == 2);
  CHECK_THAT(training.err, contains("--template is given twice"));
}
