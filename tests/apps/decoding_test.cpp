// The strategies of generate, as its user sees them.

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

std::string checkpoint(const std::string& name) {
  return repository_file("checkpoints/" + name).string();
}

Outcome generate(std::vector<std::string> options) {
  const TemporaryDirectory directory;
  const std::vector<std::string> common{"-m", checkpoint("reviews"), "-p", "This movie is", "-n",
                                        "30"};
  options.insert(options.end(), common.begin(), common.end());
  return run_app("generate", options, directory.path());
}

}  // namespace

TEST_CASE(
    "decoding: guesses, one beam, one candidate and top-k 1 write the text of temperature 0") {
  const auto greedy = generate({"--temp", "0"}).out;
  REQUIRE(greedy.starts_with("This movie is"));
  const auto tiny = checkpoint("reviews-tiny");
  CHECK(generate({"--top-k", "1"}).out == greedy);
  CHECK(generate({"--num-beams", "1"}).out == greedy);
  CHECK(generate({"--temp", "0", "--num-beams", "1"}).out == greedy);
  CHECK(generate({"--penalty-alpha", "0.6", "--top-k", "1"}).out == greedy);
  CHECK(generate({"--penalty-alpha", "0.6", "--top-k", "4"}).out != greedy);
  const auto looked_up = generate({"--temp", "0", "--prompt-lookup", "6"});
  CHECK(looked_up.out == greedy);
  CHECK_THAT(looked_up.err, contains("guesses were right"));
  CHECK(generate({"--temp", "0", "--draft-model", tiny}).out == greedy);
  CHECK(generate({"--seed", "7", "--draft-model", tiny, "--draft-tokens", "4"}).out ==
        generate({"--seed", "7"}).out);
}

TEST_CASE("decoding: several continuations are a line each, the best first, with scores") {
  const auto sampled = lines_of(generate({"--continuations", "3", "--seed", "5"}).out);
  REQUIRE(sampled.size() == 3);
  CHECK(sampled[1] + "\n" == generate({"--seed", "6"}).out);
  const auto best = generate({"--num-beams", "4", "--continuations", "2"});
  const auto texts = lines_of(best.out);
  REQUIRE(texts.size() == 2);
  CHECK_THAT(best.err, contains("score -"));
  CHECK(texts[0] + "\n" == generate({"--num-beams", "4"}).out);
  const auto json = lines_of(generate({"--num-beams", "4", "--continuations", "2", "--json"}).out);
  REQUIRE(json.size() == 2);
  double last = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto object = nlohmann::json::parse(json[i]);
    CHECK("This movie is" + object.at("text").get<std::string>() == texts[i]);
    CHECK(object.at("score") < last);
    last = object.at("score");
  }
  CHECK(
      generate({"--num-beams", "2", "--beam-groups", "2", "--diversity-penalty", "5"}).exit_code ==
      0);
}

TEST_CASE("decoding: log-probabilities of tokens are those that --score gives the text") {
  const TemporaryDirectory directory;
  const auto outcome = generate({"--json", "--logprobs", "2", "--seed", "3"});
  REQUIRE(outcome.exit_code == 0);
  const auto object = nlohmann::json::parse(outcome.out);
  const auto& tokens = object.at("logprobs");
  REQUIRE(tokens.size() == object.at("tokens"));
  const auto text =
      directory.file("text", "This movie is" + object.at("text").get<std::string>() + "\n");
  const auto scored = run_app("generate", {"-m", checkpoint("reviews"), "--score", text, "--json"},
                              directory.path());
  const auto score = nlohmann::json::parse(scored.out);
  const auto first = score.at("logprobs").size() - tokens.size();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    CHECK(tokens[i].at("id") == score.at("tokens").at(first + 1 + i));
    CHECK_THAT(tokens[i].at("logprob").get<double>(),
               Catch::Matchers::WithinAbs(score.at("logprobs").at(first + i).get<double>(), 1e-4));
    REQUIRE(tokens[i].at("top").size() == 2);
    CHECK(tokens[i].at("top")[0].at("logprob") >= tokens[i].at("top")[1].at("logprob"));
  }
}

TEST_CASE("decoding: guidance goes away from the negative prompt") {
  const auto guided =
      generate({"--temp", "0", "--guidance", "3", "--negative-prompt", "The best film"});
  CHECK(guided.exit_code == 0);
  CHECK(guided.out != generate({"--temp", "0"}).out);
  CHECK(guided.out != generate({"--temp", "0", "--guidance", "3"}).out);
}

TEST_CASE("decoding: what it cannot do is said before anything is written") {
  const auto refused = [](std::vector<std::string> options, const std::string& reason) {
    const auto outcome = generate(std::move(options));
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, contains(reason));
  };
  refused({"--temp", "0.5", "--num-beams", "2"},
          "--temp does not go with --num-beams: a search draws nothing, as at 0");
  refused({"--top-p", "0.5", "--num-beams", "2"},
          "--top-p does not go with --num-beams: beam search draws nothing");
  refused({"--prompt-lookup", "2", "--num-beams", "2"},
          "--prompt-lookup does not go with --num-beams: beam search chooses whole texts");
  refused({"--continuations", "2", "--temp", "0"},
          "--continuations does not go with --temp 0: all would be the same");
  refused({"--num-beams", "2", "--continuations", "3"}, "continuations is 3, must be at most");
  refused({"--num-beams", "2", "--early-stopping", "soon"},
          "--early-stopping is \"soon\", must be always or heuristic or never");
  refused({"--penalty-alpha", "0.6"}, "--penalty-alpha has no effect without --top-k");
  refused({"--penalty-alpha", "0.6", "--top-k", "4", "--min-p", "0.1"},
          "--min-p does not go with --penalty-alpha: contrastive search draws nothing");
  refused({"--logprobs", "2"}, "--logprobs has no effect without --json");
  refused({"--logprobs", "2", "--json", "--num-beams", "2"},
          "--logprobs does not go with --num-beams: a search has none");
  refused({"--draft-tokens", "2"}, "--draft-tokens has no effect without --draft-model");
}
