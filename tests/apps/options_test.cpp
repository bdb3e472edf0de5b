// What goes with what on the command line, by hand: what users meet, through the programs.

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

using Words = std::vector<std::string>;
using Option = Words;

Words joined(std::initializer_list<Words> parts) {
  Words all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// A directory with a file "s" of labelled sentences.
struct Place : TemporaryDirectory {
  Place() {
    file("s", "0 ||| Dull .\n1 ||| Poor .\n2 ||| So so .\n3 ||| Good .\n4 ||| A delight .\n");
    file("n", "[\"a\", \"b\", \"c\", \"d\", \"e\"]");
  }
};

}  // namespace

TEST_CASE("options: those that cannot take effect are refused with the reason") {
  const Place place;
  const auto refused = [&](const std::string& app, const Words& words, const Words& parts) {
    const auto outcome = run_app(app, words, place.path());
    CAPTURE(app, words, outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK(lines_in(outcome.err) == 1);
    CHECK(outcome.out.empty());
    for (const auto& part : parts) CHECK_THAT(outcome.err, contains(part));
  };
  for (const Option& option : std::vector<Option>{{"--train", "s"},
                                                  {"--epochs", "3"},
                                                  {"--out-dir", "o"},
                                                  {"--lr", "1e-3"},
                                                  {"--seeds", "2"},
                                                  {"--seed", "2"},
                                                  {"--warmup", "0"},
                                                  {"--pooling", "mean"}}) {
    const Words words{option[0], "--option finetune or lora"};
    refused("classify_sst", option, words);
    refused("classify_sst", joined({option, {"--dev", "s"}}), words);
    refused("classify_sst", joined({option, {"--option", "prompt"}}), words);
    refused("classify_cfimdb", option, words);
  }
  refused("classify_sst", {"--option", "finetune", "--lora-rank", "4"},
          {"--lora-rank", "--option lora"});
  refused("classify_sst", {"--option", "lora", "--resume"}, {"--resume", "--out-dir"});
  refused("classify_sst", {"--option", "lora", "--out-dir", "o", "--resume", "--force"},
          {"--resume", "--force"});
  refused("classify_sst", {"--dev", "s", "A film ."}, {"A film .", "--dev"});
  refused("classify_sst", {"--test", "s", "-f", "s"}, {"--file", "--test"});
  refused("classify_sst", {"-f", "s", "A film ."}, {"A film .", "--file"});
  refused("classify_sst", {"--dev-out", "d", "A film ."}, {"--dev-out", "--dev"});
  refused("classify_sst", {"--label-names", "n", "A film ."}, {"--label-names", "lora"});
  refused("classify_sst", {"--batch-size", "4", "A film ."}, {"--batch-size", "has no effect"});
  refused("classify_sst", {"--batch-size", "4", "--option", "prompt", "A film ."},
          {"--batch-size", "--compat cmu2025"});
  refused("classify_sst", {"--config", "n", "A film ."}, {"--config", "--model"});
  refused("classify_sst",
          {"--option", "lora", "--train", "s", "--dev", "s", "--test-out", "t", "--seeds", "2"},
          {"--seeds", "--test-out"});
  refused("classify_sst", {"--option", "lora", "--train", "s", "--dev", "s", "--test-out", "t"},
          {"--test-out", "--test"});
  refused("generate",
          {"-p", "a", "--config", "n", "-m", repository_file("checkpoints/reviews-tiny").string()},
          {"config", "has no effect"});
  refused("convert", {"--out", "o", "--base-name", "b"}, {"--base-name", "--to peft"});
  refused("convert", {"--out", "o", "--to", "peft", "--verify"}, {"--verify", "--to peft"});
  refused("convert", {"--out", "o", "--info"}, {"--out", "--info"});
  refused("convert", {"--tokenize", "--info"}, {"--info", "--tokenize"});
  refused("convert", {"--tokenize", "--json"}, {"--json", "--info or --detokenize"});
  refused("generate", {"-p", "a", "--score", "s"}, {"--prompt", "--score"});
  refused("generate", {"-p", "a", "--json"}, {"--json", "--score"});
  refused("generate", {"--chat", "--score", "s"}, {"--chat", "--score"});
  refused("generate", {"-p", "a", "--system", "s"}, {"--system", "--chat"});
  for (const auto* option : {"--top-k", "--top-p", "--min-p", "--epsilon", "--seed"}) {
    refused("generate", {"-p", "a", "--temp", "0.0", option, "1"}, {option, "--temp 0"});
  }
  refused("generate", {"-p", "a", "--batch-size", "2"}, {"--batch-size", "--each-line"});
  refused("generate", {"-p", "a", "--assignment"}, {"--prompt", "--assignment"});
  refused("pretrain",
          {"--train", "s", "--valid", "s", "--out-dir", "o", "--model", "m", "--dim", "8"},
          {"--dim", "--model"});
  refused("pretrain",
          {"--train", "s", "--valid", "s", "--out-dir", "o", "--steps", "9", "--epochs", "2"},
          {"--steps", "--epochs"});
  refused("pretrain", {"--train", "s", "--valid", "s", "--out-dir", "o", "--cooldown-steps", "2"},
          {"--cooldown-steps", "--schedule trapezoid"});
}

TEST_CASE("options: given twice one is refused by name, unless it means both") {
  const Place place;
  const auto twice = [&](const std::string& app, const Words& words, const std::string& name) {
    const auto outcome = run_app(app, words, place.path());
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.err == app + ": error: " + name + " is given twice\n");
  };
  twice("generate", {"-m", "a", "--model", "b", "-p", "x"}, "--model");
  twice("generate", {"-p", "x", "-n", "3", "--max-tokens", "4"}, "--max-new-tokens");
  twice("classify_sst", {"--dev", "s", "--dev", "s"}, "--dev");
  twice("convert", {"--out", "a", "--out", "a"}, "--out");
  twice("pretrain", {"--train", "s", "--train", "n"}, "--train");

  const auto continued = [&](const Words& prompts) {
    return run_app("generate",
                   joined({{"-m", repository_file("checkpoints/reviews-tiny").string(), "-n", "5",
                            "--temp", "0"},
                           prompts}),
                   place.path())
        .out;
  };
  const auto one = continued({"-p", "This movie"});
  const auto other = continued({"-p", "The actors"});
  CHECK_FALSE(one.empty());
  const auto both = continued({"-p", "This movie", "-p", "The actors"});
  CHECK_THAT(both, Catch::Matchers::StartsWith(one));
  CHECK_THAT(both, Catch::Matchers::EndsWith(other));
}
