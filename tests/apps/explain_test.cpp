// classify_* --explain, through the programs.

#include <cmath>

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama;
using namespace minillama::test;
using Catch::Matchers::Matches;

namespace {

const std::string kText = "A delight from its first scene to its last .";

Outcome explain_with(const std::string& method, std::vector<std::string> words) {
  const TemporaryDirectory place;
  words.insert(words.begin(), {"--explain", method});
  auto outcome = run_app("classify_sst", words, place.path());
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return outcome;
}

}  // namespace

TEST_CASE("apps/explain: each word with its value, as text and as JSON") {
  for (const std::string method : {"occlusion", "gradients"}) {
    CAPTURE(method);
    const auto text = explain_with(method, {kText}).out;
    CHECK_THAT(text, Matches("[a-z]+  [01]\\.[0-9]+\n(  [A-Za-z.]+ [+-][0-9]+\\.[0-9]{2}){10}\n"));
    const auto json = Json::parse(explain_with(method, {"--json", kText}).out);
    CHECK(json.at("text") == kText);
    const auto& words = json.at("explanation").at("words");
    REQUIRE(words.size() == 10);
    CHECK(words[1].at("word") == "delight");
    for (const auto& word : words) CHECK(word.at("value") <= words[1].at("value"));
    const double p = json.at("probability");
    CHECK(json.at("explanation").at("log_odds").get<double>() ==
          Approx(std::log(p / (1 - p))).epsilon(1e-3));
  }
}

TEST_CASE("apps/explain: blank lines stay blank, and answers are those without explanation") {
  const TemporaryDirectory place;
  const std::string lines = kText + "\n\n\x1b[2J bore\n";
  const auto plain = lines_of(run_app("classify_sst", {}, place.path(), lines).out);
  const auto explained =
      lines_of(run_app("classify_sst", {"--explain", "occlusion"}, place.path(), lines).out);
  REQUIRE(plain.size() == 3);
  REQUIRE(explained.size() == 5);
  CHECK(explained[0] == plain[0]);
  CHECK(explained[2].empty());
  CHECK(explained[3] == plain[2]);
  CHECK_THAT(explained[4], contains("\\x1b[2J ") && !contains("\x1b"));
}

TEST_CASE("apps/explain: colours on a terminal alone, unless they are not wanted") {
  const TemporaryDirectory place;
  const std::vector<std::string> words{"--explain", "occlusion", kText + " \x1b[2J"};
  const auto coloured =
      run_on_terminal("classify_sst", words, place.path(), 30, {"TERM=xterm", "NO_COLOR="}).out;
  CHECK_THAT(coloured, contains("\x1b[30;48;5;208mdelight\x1b[0m"));
  CHECK_THAT(coloured, !contains("\x1b[2J") && !contains("+1."));
  // Lines of at most thirty characters, colours apart.
  CHECK(lines_of(coloured).size() >= 3);
  for (const auto& environment : {std::vector<std::string>{"TERM=xterm", "NO_COLOR=1"},
                                  std::vector<std::string>{"TERM=dumb", "NO_COLOR="}}) {
    const auto shown = run_on_terminal("classify_sst", words, place.path(), 30, environment).out;
    CHECK_THAT(shown, contains("delight +") && !contains("\x1b["));
  }
}

TEST_CASE("apps/explain: asked without training, by occlusion alone") {
  const TemporaryDirectory place;
  const std::string model = repository_file("checkpoints/reviews-tiny");
  const auto asked =
      run_app("classify_sst", {"--explain", "occlusion", "-m", model, "--json", "A fine film ."},
              place.path());
  CHECK(asked.exit_code == 0);
  CHECK(Json::parse(asked.out).at("explanation").at("words").size() == 4);
  const auto refused =
      run_app("classify_sst", {"--explain", "gradients", "-m", model, "A film ."}, place.path());
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.err,
             contains("--explain gradients has no effect: ") && contains("reviews-tiny"));
}
