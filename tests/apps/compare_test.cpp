// generate --compare: several methods, what their texts are like.

#include <cmath>

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;
using Json = nlohmann::json;

namespace {

const std::string kTexts =
    "This movie is about as good as it gets , and the acting is fine .\n\n"
    "I have seen this film twice , and both times it made me laugh .\n"
    "There is nothing to say about this one but that it is too long .\n"
    "A man comes home from the war and finds that his wife has gone .\n";
const std::string kMethods =
    "# two ways, and one of them again\n"
    "plain: --temp 1 --epsilon 0\n\n"
    "the best: --temp 0 --ban \"good film\"\r\n"
    " again :--temp=1 --epsilon '0'\n";

class Comparison {
 public:
  Outcome run(const std::string& methods, const std::string& texts,
              std::vector<std::string> options = {}) const {
    options.insert(options.end(), {"-m", repository_file("checkpoints/reviews-tiny").string(),
                                   "--compare", directory.file("methods", methods).string(), "-f",
                                   directory.file("texts", texts).string()});
    return run_app("generate", options, directory.path());
  }

  TemporaryDirectory directory;
};

}  // namespace

TEST_CASE("compare: each method has its figures, and the held-out texts have theirs") {
  const Comparison comparison;
  const std::vector<std::string> options{"--prompt-tokens", "4", "-n", "8", "--json"};
  const auto outcome = comparison.run(kMethods, kTexts, options);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, contains("plain: 32 tokens of 4 texts"));
  const auto lines = lines_of(outcome.out);
  REQUIRE(lines.size() == 4);
  const auto people = Json::parse(lines[0]), plain = Json::parse(lines[1]),
             best = Json::parse(lines[2]), again = Json::parse(lines[3]);
  CHECK(people.at("method") == "held-out");
  CHECK_FALSE(people.contains("tokens_per_second"));
  CHECK(people.at("area").at("value") == 1);
  CHECK(people.at("tokens") == 32);
  CHECK(best.at("method") == "the best");
  CHECK(best.at("options") == "--temp 0 --ban \"good film\"");
  CHECK(again.at("method") == "again");
  for (const auto* measure : {"log_likelihood", "repetition", "self_bleu", "area"}) {
    const auto& estimate = plain.at(measure);
    CHECK(estimate.at("low") <= estimate.at("high"));
    // The same method has the same texts: no difference to itself.
    CHECK(again.at(measure) == estimate);
    const auto& beside = again.at("farther_than").at("plain").at(measure);
    CHECK(beside.at("value") == 0);
    CHECK(beside.at("low") == 0);
    CHECK(beside.at("high") == 0);
    CHECK(again.at("farther_than").at("the best").at(measure).at("value").get<double>() ==
          Approx(-best.at("farther_than").at("plain").at(measure).at("value").get<double>()));
  }
  CHECK(again.at("distinct") == plain.at("distinct"));
  CHECK(best.at("log_likelihood").at("value") > plain.at("log_likelihood").at("value"));
  CHECK_FALSE(plain.contains("farther_than"));
  // Another seed makes other texts; those of people stay.
  const auto other = lines_of(
      comparison.run(kMethods, kTexts, {"--prompt-tokens", "4", "-n", "8", "--json", "--seed", "3"})
          .out);
  CHECK(other.at(0) == lines[0]);
  CHECK(Json::parse(other.at(1)).at("log_likelihood") != plain.at("log_likelihood"));
}

TEST_CASE("compare: log-likelihoods are those of the texts that generate writes and scores") {
  const Comparison comparison;
  const auto tiny = repository_file("checkpoints/reviews-tiny").string();
  const std::string two = "This movie is good .\nThis movie is bad .\n";
  const auto lines = lines_of(
      comparison.run("greedy: --temp 0\n", two, {"--prompt-tokens", "3", "-n", "9", "--json"}).out);
  REQUIRE(lines.size() == 2);
  const auto found = Json::parse(lines[1]).at("log_likelihood").at("value").get<double>();
  const auto logprobs = Json::parse(run_app("generate",
                                            {"-m", tiny, "-p", "This movie is", "-n", "9", "--temp",
                                             "0", "--json", "--logprobs", "0"},
                                            ".")
                                        .out);
  double sum = 0;
  for (const auto& token : logprobs.at("logprobs")) sum += token.at("logprob").get<double>();
  CHECK(found == Approx(sum / 9).margin(1e-4));
}

TEST_CASE("compare: a table for people") {
  const Comparison comparison;
  const auto outcome =
      comparison.run(kMethods, kTexts, {"--prompt-tokens", "4", "-n", "8", "--quiet"});
  CHECK(outcome.err.empty());
  const auto lines = lines_of(outcome.out);
  REQUIRE(lines.size() == 5);
  CHECK_THAT(lines[0], contains("method    tokens/s  log-likelihood"));
  CHECK_THAT(lines[1], contains("held-out  -  ") && contains("1.000 [1.000, 1.000]"));
  CHECK(lines[2].starts_with("plain "));
}

TEST_CASE("compare: what it cannot do is said, with the file and the line") {
  const Comparison comparison;
  const auto refused = [&](const std::string& methods, const std::string& texts,
                           const std::string& reason,
                           const std::vector<std::string>& options = {"--prompt-tokens", "4"}) {
    const auto outcome = comparison.run(methods, texts, options);
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.out.empty());
    CHECK(lines_in(outcome.err) == 1);
    CHECK_THAT(outcome.err, contains(reason));
  };
  const auto bad_line = [&](const std::string& line, const std::string& reason) {
    refused("a: --temp 1\n" + line + "\n", kTexts, "methods:2: " + reason);
  };
  refused("# nothing\n\n", kTexts, "methods: has no methods");
  bad_line("b", "is no method, which is a name, a colon and options of generate");
  bad_line(": --temp 1", "is no method");
  bad_line("a: --temp 0", "there is another method of the name \"a\"");
  bad_line("b: --tempp 1", "unknown option --tempp: did you mean --temp?");
  bad_line("b: --temp warm", "--temp is \"warm\", must be a number");
  bad_line("b: --temp -1", "temperature is -1");
  bad_line("b: --top-k 3 --temp 0", "--top-k does not go with --temp 0");
  bad_line("b: --num-beams 2 --top-p 0.5", "--top-p does not go with --num-beams");
  bad_line("b: --num-beams 2000", "num-beams is 2000");
  bad_line("b: --ban \"a", "a quotation mark, \", is not closed");
  bad_line("b: good", "unexpected word \"good\" among the options");
  for (const std::string option :
       {"--seed 1", "-n 3", "--help", "--version", "--choices a", "--continuations 2", "-p a"}) {
    bad_line("b: " + option, "--");
  }
  bad_line("b: -h", "--help is no option of a method: those are about sampling and strategies");
  bad_line("b: --ban \xff", "not UTF-8");
  refused(
      "a:\n", "too short\n" + kTexts,
      "texts:1: the text is over with its prompt of 16 tokens: there is nothing to compare with",
      {});
  refused("a:\n", "One text alone has nothing to be like .\n",
          "texts: has 1 texts, at least 2 are needed");
  refused("a:\n", kTexts + "caf\xe9 is not a text that can be read\n", "texts:6: not UTF-8");
}

TEST_CASE("compare: what does not go with it is refused") {
  const Comparison comparison;
  const auto refused = [&](const std::vector<std::string>& options, const std::string& reason) {
    const auto outcome = comparison.run(kMethods, kTexts, options);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, contains(reason));
  };
  refused({"--temp", "1"}, "--temp does not go with --compare: each method has options of its own");
  refused({"--num-beams", "2"}, "--num-beams does not go with --compare");
  refused({"--choices", "a"}, "--choices does not go with --compare");
  refused({"--each-line"}, "--compare does not go with --each-line");
  refused({"--chat"}, "--compare does not go with --chat");
  refused({"--prompt-tokens", "0"}, "--prompt-tokens is 0, must be at least 1");
  refused({"-n", "0"}, "--max-new-tokens is 0, must be at least 1");
  refused({"-n", "1008"},
          "--prompt-tokens 16 and --max-new-tokens 1008 are more than the model's context, 1024, "
          "has room for");
  refused({"--prompt-tokens", "9223372036854775807"}, "are more than the model's context");
  refused({"-n", "9223372036854775807"}, "are more than the model's context");
  const auto generate = [](const std::vector<std::string>& options) {
    return run_app("generate", options, ".").err;
  };
  CHECK_THAT(generate({"--compare", "m"}), contains("--compare has no effect without --file"));
  CHECK_THAT(generate({"-p", "a", "--prompt-tokens", "3"}),
             contains("--prompt-tokens has no effect without --compare"));
}
