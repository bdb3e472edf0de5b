// Training through the apps: what a run finds and leaves, and what it is told.

#include <sstream>

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

using Words = std::vector<std::string>;

/// Sentences of all five labels.
std::string sentences() {
  std::string lines;
  for (int i = 0; i < 20; ++i) {
    lines += std::to_string(i % 5) + " ||| Film " + std::to_string(i) + " of many .\n";
  }
  return lines;
}

/// Trains the small model on a file "s", one epoch unless told otherwise.
struct Place : TemporaryDirectory {
  Place() { file("s", sentences()); }

  Outcome run(const Words& more, const std::string& app = "classify_sst") const {
    const Words base{"-m",       repository_file("checkpoints/reviews-tiny").string(),
                     "--train",  "s",
                     "--dev",    "s",
                     "--epochs", "1",
                     "--option", "lora"};
    return run_app(app, replacing(base, more), path());
  }

  std::string text(const std::string& name) const { return read_text(path() / name); }
};

}  // namespace

TEST_CASE("runs: what is finished is kept until it is to be replaced") {
  const Place place;
  REQUIRE(place.run({"--out-dir", "o"}).exit_code == 0);
  const auto before = place.text("o/model.safetensors");
  const auto again = place.run({"--out-dir", "o", "--lr", "0.1"});
  CHECK(again.exit_code == 2);
  CHECK_THAT(again.err, contains("--force replaces it"));
  CHECK(place.text("o/model.safetensors") == before);
  CHECK(place.run({"--out-dir", "o", "--lr", "0.1", "--force"}).exit_code == 0);
  CHECK(place.text("o/model.safetensors") != before);

  // A model that no run made is one too.
  const auto model = repository_file("checkpoints/reviews-tiny").string();
  CHECK(run_app("convert", {"-m", model, "--out", "m"}, place.path()).exit_code == 0);
  CHECK(place.run({"--out-dir", "m"}).exit_code == 2);
  CHECK(run_app("convert", {"-m", model, "--out", "m"}, place.path()).exit_code == 2);
  CHECK(run_app("convert", {"-m", model, "--out", "m", "--force"}, place.path()).exit_code == 0);
}

TEST_CASE("runs: one is resumed with its own settings only") {
  const Place place;
  place.file("names", "[\"a\", \"b\", \"c\", \"d\", \"e\"]");
  const Words run{"--out-dir", "o"};
  REQUIRE(place.run(run).exit_code == 0);
  const auto predictions = place.text("o/sst-dev-lora-output.txt");
  const auto refused = [&](Words more, const std::string& message) {
    more.insert(more.end(), {"--out-dir", "o", "--resume"});
    const auto outcome = place.run(more);
    CAPTURE(message, outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, contains(message));
    CHECK(place.text("o/sst-dev-lora-output.txt") == predictions);
  };
  refused({"--lora-alpha", "64"}, "started with another lora alpha: 16, now 64");
  refused({"--lora-rank", "4"}, "started with another lora rank: 8, now 4");
  refused({"--lora-dropout", "0.1"}, "another lora dropout");
  refused({"--lora-targets", "w1"}, "another lora targets");
  refused({"--label-names", "names"}, "another label names");
  refused({"--template", "It: {sentence}"}, "another t");
  refused({"--seed", "3"}, "another seed: 1337, now 3");
  refused({"--hidden-dropout-prob", "0.1"}, "another dropout");
  refused({"--pooling", "last"}, "another pooling");
  refused({"--option", "finetune"}, "another lora rank");
  // What changes nothing may change.
  CHECK(
      place.run({"--out-dir", "o", "--resume", "--threads", "1", "--save-every", "9"}).exit_code ==
      0);

  REQUIRE(place.run({"--out-dir", "f", "--option", "finetune"}).exit_code == 0);
  const auto other = place.run({"-m", repository_file("checkpoints/reviews").string(), "--out-dir",
                                "f", "--option", "finetune", "--resume"});
  CHECK(other.exit_code == 2);
}

TEST_CASE("runs: outputs are looked at before anything is trained") {
  const Place place;
  std::filesystem::create_directory(place.path() / "directory");
  const auto refused = [&](const Words& more, int exit_code, const std::string& message) {
    const auto outcome = place.run(more);
    CAPTURE(message, outcome.err);
    CHECK(outcome.exit_code == exit_code);
    CHECK_THAT(outcome.err, contains(message));
    CHECK(outcome.out.empty());
    CHECK(place.text("s") == sentences());
  };
  refused({"--dev-out", "absent/d"}, 4, "absent: cannot write");
  refused({"--dev-out", "directory"}, 2, "--dev-out is \"directory\", which is a directory");
  refused({"--dev-out", "s"}, 2, "--dev-out is \"s\", which is an input");
  refused({"--dev-out", "./s"}, 2, "which is an input");
  std::filesystem::create_hard_link(place.path() / "s", place.path() / "link");
  refused({"--dev-out", "link"}, 2, "which is an input");
  refused({"--out-dir", "s"}, 2, "--out-dir is \"s\"");
  refused({"--out-dir", repository_file("checkpoints/reviews-tiny").string()}, 2, "is an input");

  std::filesystem::copy(repository_file("checkpoints/reviews-tiny"), place.path() / "m");
  const auto convert = [&](const Words& words) { return run_app("convert", words, place.path()); };
  CHECK_THAT(convert({"-m", "m", "--out", "m", "--force"}).err, contains("is an input"));
  CHECK_THAT(convert({"-m", "m", "--out", "m/model.safetensors", "--to", "gguf", "--force"}).err,
             contains("is part of an input"));
}

TEST_CASE("runs: --json is lines of JSON and nothing else") {
  const Place place;
  for (const Words& more : std::vector<Words>{{"--test", "s"}, {"--seeds", "2"}}) {
    auto words = more;
    words.emplace_back("--json");
    const auto outcome = place.run(words);
    REQUIRE(outcome.exit_code == 0);
    std::istringstream lines(outcome.out);
    std::size_t n = 0;
    for (std::string line; std::getline(lines, line); ++n) {
      CAPTURE(line);
      CHECK(nlohmann::json::accept(line));
      CHECK(line.find("null") == std::string::npos);
    }
    CHECK(n >= 3);
  }
}

TEST_CASE("runs: the end says where the classifier is, or the beginning that it is not kept") {
  const Place place;
  CHECK_THAT(place.run({}).err, contains("without --out-dir the trained classifier is not kept"));
  const auto kept = place.run({"--out-dir", "o"});
  CHECK_THAT(kept.err, contains("the classifier is in o"));
  CHECK_THAT(kept.err, contains("to use it: classify_sst -m o \"A sentence .\""));
  place.file("three", "0 ||| Dull .\n1 ||| So so .\n2 ||| Good .\n");
  CHECK_THAT(place.run({"--train", "three"}).err, contains("3 (good) or 4 (excellent)"));
}

TEST_CASE("runs: a dev loss that is no number ends the run with 5, and nothing is kept") {
  const Place place;
  const auto outcome = place.run({"--option", "finetune", "--warmup", "0", "--lr", "1e10",
                                  "--batch-size", "32", "--out-dir", "o"});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 5);
  CHECK_FALSE(std::filesystem::exists(place.path() / "o/model.safetensors"));
}
