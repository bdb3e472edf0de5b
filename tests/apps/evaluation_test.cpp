// What is told of a labelled data set, through the programs.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama;
using namespace minillama::test;

namespace {

using Words = std::vector<std::string>;

/// A text that moves the cursor and a long one, each under two labels: one of them is a mistake.
const std::string kMoving = "A\x1b[2J bore .";
const std::string kLong = std::string(20, 'x') + " and it goes on and on and on and on and on .";

/// A directory with a set of four examples, and the small model that ships asked about it.
struct Place : TemporaryDirectory {
  Place() {
    std::string lines = "text,label\n";
    for (const std::string label : {"good", "bad"}) {
      for (const auto& text : {kMoving, kLong}) lines += text + "," + label + "\n";
    }
    file("dev.csv", lines);
    file("names", "[\"bad\", \"good\", \"middling\"]");
  }

  Words asked(Words words) const {
    const Words before{"--option",      "prompt", "-m", repository_file("checkpoints/reviews-tiny"),
                       "--label-names", "names"};
    words.insert(words.begin(), before.begin(), before.end());
    return words;
  }

  Outcome ask(const Words& words, const std::string& app = "classify_sst") const {
    return run_app(app, asked(words), path());
  }

  Json json(Words words) const {
    words.insert(words.end(), {"--json", "--quiet"});
    const auto outcome = ask(words);
    CAPTURE(words, outcome.err);
    REQUIRE(outcome.exit_code == 0);
    return Json::parse(outcome.out);
  }
};

}  // namespace

TEST_CASE("evaluation: the interval, the labels and the surest mistakes in JSON") {
  const Place place;
  const auto json = place.json({"--dev", "dev.csv"});
  const double accuracy = json.at("accuracy");
  const auto& interval = json.at("accuracy_interval");
  REQUIRE(interval.size() == 2);
  CHECK(interval[0] <= accuracy);
  CHECK(interval[1] >= accuracy);

  const auto& labels = json.at("labels");
  REQUIRE(labels.size() == 3);
  CHECK(labels[1].at("label") == "good");
  CHECK(labels[1].at("support") == 2);
  CHECK(labels[2].at("support") == 0);
  CHECK(labels[2].at("recall") == 0);
  double f1 = 0;
  int occurring = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    f1 += labels[i].at("f1").get<double>();
    std::int64_t n = labels[i].at("support");
    for (const auto& row : json.at("confusion")) n += row[i].get<std::int64_t>();
    occurring += n > 0 ? 1 : 0;
  }
  CHECK(f1 / occurring == Approx(json.at("macro_f1").get<double>()));

  const auto& mistakes = json.at("mistakes");
  REQUIRE(mistakes.size() == static_cast<std::size_t>(std::lround(4 * (1 - accuracy))));
  double before = 1;
  for (const auto& mistake : mistakes) {
    CHECK((mistake.at("text") == kMoving || mistake.at("text") == kLong));
    CHECK(mistake.at("label") != mistake.at("predicted"));
    CHECK(mistake.at("probability") <= before);
    before = mistake.at("probability");
  }
}

TEST_CASE("evaluation: what is told of it fits a terminal, and texts do not move its cursor") {
  const Place place;
  for (const unsigned short columns : {60, 40}) {
    const auto shown =
        run_on_terminal("classify_sst", place.asked({"--dev", "dev.csv"}), place.path(), columns)
            .out;
    CAPTURE(shown);
    CHECK_THAT(shown, contains("the surest mistakes:"));
    CHECK_THAT(shown, !contains("\x1b[2J"));
    std::size_t begin = 0;
    for (auto end = shown.find("\r\n"); end != std::string::npos; end = shown.find("\r\n", begin)) {
      const auto line = shown.substr(begin, end - begin);
      CHECK(std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }) <= columns);
      begin = end + 2;
    }
  }
  // Nothing is cut where there is no terminal.
  const auto whole = place.ask({"--dev", "dev.csv"}).out;
  CHECK_THAT(whole, contains("label     precision  recall     F1  support\n"));
  CHECK_THAT(whole, contains("A\\x1b[2J bore .\n") && contains(kLong + "\n"));
}

TEST_CASE("evaluation: predictions are compared with others of the same texts") {
  const Place place;
  place.json({"--dev", "dev.csv", "--dev-out", "mine"});
  const auto equal = place.json({"--dev", "dev.csv", "--against", "mine"}).at("against");
  CHECK(equal.at("predictions") == "mine");
  CHECK(equal.at("difference") == 0);
  CHECK(equal.at("p") == 1);

  // Under another template, and never right.
  std::string others;
  for (const auto& text : {kMoving, kLong, kMoving, kLong}) others += "2 ||| So: " + text + " ?\n";
  place.file("others", others);
  const auto json = place.json({"--dev", "dev.csv", "--against", "others"});
  CHECK(json.at("against").at("difference") == json.at("accuracy"));
  const auto shown = place.ask({"--dev", "dev.csv", "--against", "others"}).out;
  CHECK_THAT(shown, contains("accuracy against others: +"));

  const auto refused = [&](Words words, int exit_code, const std::string& message,
                           const std::string& app = "classify_sst") {
    words.insert(words.end(), {"--against", "others"});
    const auto outcome = place.ask(words, app);
    CAPTURE(words, outcome.err);
    CHECK(outcome.exit_code == exit_code);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, contains(message));
  };
  refused({"--dev", "dev.csv", "--dev-out", "others"}, 2, "--dev-out is \"others\"");
  refused({"--test", "dev.csv"}, 2, "the labels of --test are placeholders", "classify_cfimdb");
  place.file("others", others + "2 ||| A bore .\n");
  refused({"--dev", "dev.csv"}, 3, "others:5: is one more than the 4 sentences of the set");
  place.file("others", "2 ||| A bore .\n");
  refused({"--dev", "dev.csv"}, 3, "others:1: is of \"A bore .\", not of");
}

TEST_CASE("evaluation: the reliability diagram is a file of its own") {
  const Place place;
  const auto json = place.json({"--dev", "dev.csv", "--reliability-diagram", "r.svg"});
  const auto svg = read_text(place.path() / "r.svg");
  CHECK_THAT(svg, Catch::Matchers::StartsWith("<svg "));
  CHECK_THAT(svg, contains(fmt::format("expected calibration error {:.4f}, 4 answers",
                                       json.at("calibration_error").get<double>())));
  for (const Words& words : std::vector<Words>{{"--reliability-diagram", "dev.csv"},
                                               {"--reliability-diagram", "mine"},
                                               {"--reliability-diagram", "."}}) {
    auto all = words;
    all.insert(all.end(), {"--dev", "dev.csv", "--dev-out", "./mine"});
    const auto outcome = place.ask(all);
    CAPTURE(all, outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, contains("--reliability-diagram is \"" + words[1] + "\", "));
  }
  CHECK(place.ask({"--dev", "dev.csv", "--reliability-diagram", "absent/r.svg"}).exit_code == 4);
}

TEST_CASE("evaluation: the probabilities of all labels are a line for each text") {
  const Place place;
  const auto json = place.json({"--dev", "dev.csv", "--probabilities-out", "p.jsonl"});
  const auto lines = lines_of(read_text(place.path() / "p.jsonl"));
  REQUIRE(lines.size() == 4);
  int n_right = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto line = Json::parse(lines[i]);
    CHECK(line.at("text") == (i % 2 == 0 ? kMoving : kLong));
    CHECK(line.at("label") == (i < 2 ? "good" : "bad"));
    double sum = 0, most = 0;
    for (const auto& probability : line.at("probabilities")) {
      sum += probability.get<double>();
      most = std::max(most, probability.get<double>());
    }
    CHECK(sum == Approx(1));
    CHECK(line.at("probabilities").at(line.at("predicted").get<std::string>()) == most);
    n_right += line.at("predicted") == line.at("label") ? 1 : 0;
  }
  CHECK(n_right / 4.0 == json.at("accuracy"));
  const auto outcome = place.ask(
      {"--dev", "dev.csv", "--probabilities-out", "r.svg", "--reliability-diagram", "r.svg"});
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.err,
             contains("--reliability-diagram is \"r.svg\", as --probabilities-out is"));
}

TEST_CASE("evaluation: of placeholders there are probabilities, but no intervals or mistakes") {
  const Place place;
  const auto outcome = place.ask(
      {"--test", "dev.csv", "--json", "--quiet", "--probabilities-out", "p"}, "classify_cfimdb");
  REQUIRE(outcome.exit_code == 0);
  const auto json = Json::parse(outcome.out);
  for (const auto* key : {"accuracy_interval", "labels", "mistakes"}) CHECK(!json.contains(key));
  const auto line = Json::parse(lines_of(read_text(place.path() / "p")).front());
  CHECK(!line.contains("label"));
  CHECK(line.at("probabilities").size() == 3);
  const auto words = place.ask({"--test", "dev.csv"}, "classify_cfimdb").out;
  CHECK_THAT(words, contains("placeholders"));
  CHECK_THAT(words, !contains("precision"));
  CHECK_THAT(words, !contains("mistakes"));
}
