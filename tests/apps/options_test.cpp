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
  for (const auto* option : {"--lora-rank", "--lora-ranks", "--lora-plus-ratio"}) {
    for (const std::string kind : {"ia3", "bitfit", "bottleneck", "prefix"}) {
      refused("classify_sst", {"--option", "lora", "--adapter", kind, option, "2"},
              {option, "--adapter", kind});
    }
  }
  refused("classify_sst", {"--option", "lora", "--adapter", "dora", "--lora-init", "pissa"},
          {"--lora-init", "--adapter dora"});
  refused("classify_sst", {"--option", "lora", "--virtual-tokens", "4"},
          {"--virtual-tokens", "--adapter prefix"});
  refused("classify_sst",
          {"--option", "lora", "--adapter", "prefix", "--lora-targets", "compute_key"},
          {"\"compute_key\" needs \"compute_value\""});
  refused("classify_sst", {"--option", "lora", "--bottleneck-width", "4"},
          {"--bottleneck-width", "--adapter bottleneck"});
  refused("classify_sst", {"--option", "lora", "--adapter", "bottleneck", "--lora-targets", "w1"},
          {"\"w1\"", "ends no sublayer"});
  refused("classify_sst", {"--option", "lora", "--adapter", "vera"}, {"--adapter", "vera"});
  refused("classify_sst", {"--option", "lora", "--lora-ranks", "w1"}, {"--lora-ranks", "w1"});
  refused("classify_sst", {"--option", "lora", "--lora-alphas", "w1=1,w1=2"}, {"w1", "twice"});
  refused("classify_sst", {"--option", "lora", "--lora-plus-ratio", "0"}, {"lora-plus-ratio is 0"});
  refused("classify_sst", {"--option", "lora", "--resume"}, {"--resume", "--out-dir"});
  refused("classify_sst", {"--option", "lora", "--time-budget", "1m", "--seeds", "2"},
          {"--time-budget", "--seeds"});
  refused("classify_sst", {"--option", "lora", "--out-dir", "o", "--resume", "--force"},
          {"--resume", "--force"});
  refused("classify_sst", {"--dev", "s", "A film ."}, {"A film .", "--dev"});
  refused("classify_sst", {"--test", "s", "-f", "s"}, {"--file", "--test"});
  refused("classify_sst", {"-f", "s", "A film ."}, {"A film .", "--file"});
  refused("classify_sst", {"--dev-out", "d", "A film ."}, {"--dev-out", "--dev"});
  refused("classify_sst", {"--against", "d", "A film ."}, {"--against", "--dev", "--test"});
  refused("classify_sst", {"--dev", "s", "--test", "s", "--against", "d"}, {"--against", "--test"});
  refused("classify_sst", {"--label-names", "n", "A film ."}, {"--label-names", "lora"});
  refused("classify_sst", {"--batch-size", "4", "A film ."}, {"--batch-size", "has no effect"});
  refused("classify_sst", {"--batch-size", "4", "--option", "prompt", "A film ."},
          {"--batch-size", "--compat cmu2025"});
  refused("classify_sst", {"--format", "csv", "A film ."}, {"--format", "--dev"});
  refused("classify_sst", {"--text-column", "a", "A film ."}, {"--text-column", "--dev"});
  refused("classify_sst", {"--dev", "s", "--format", "xml"}, {"--format", "xml", "jsonl"});
  refused("classify_sst", {"--dev", "s", "--format", "lines", "--label-column", "1"},
          {"--label-column", "--format lines"});
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
  refused("generate", {"-p", "a", "--logprobs", "2"}, {"--logprobs", "--json"});
  refused("generate", {"--chat", "--score", "s"}, {"--chat", "--score"});
  refused("generate", {"-p", "a", "--system", "s"}, {"--system", "--chat"});
  for (const auto* option : {"--top-k", "--top-p", "--min-p", "--epsilon", "--seed", "--typical-p",
                             "--eta", "--top-n-sigma", "--xtc-probability", "--mirostat"}) {
    refused("generate", {"-p", "a", "--temp", "0.0", option, "1"}, {option, "--temp 0"});
  }
  refused("generate", {"-p", "a", "--mirostat", "5", "--top-p", "0.9"},
          {"--mirostat", "--top-p", "chooses how many tokens stay"});
  refused("generate", {"-p", "a", "--mirostat-rate", "1"}, {"--mirostat-rate", "--mirostat"});
  refused("generate", {"-p", "a", "--xtc-threshold", "0.2"},
          {"--xtc-threshold", "--xtc-probability"});
  for (const auto* option : {"--dry-base", "--dry-allowed-length", "--dry-breaker"}) {
    refused("generate", {"-p", "a", option, "2"}, {option, "--dry-multiplier"});
  }
  refused("generate", {"-p", "a", "--min-new-tokens", "300"},
          {"min-new-tokens is 300", "max-new-tokens, 256"});
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
  refused("pretrain",
          {"--train", "s", "--valid", "s", "--out-dir", "o", "--positions", "alibi",
           "--rotary-share", "0.5"},
          {"--rotary-share", "--positions rope"});
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

TEST_CASE("options: generate tells by which steps it chooses tokens, each reachable by a flag") {
  const Place place;
  const auto generate = [&](const Words& options) {
    const auto outcome =
        run_app("generate",
                joined({{"-m", repository_file("checkpoints/reviews-tiny").string(), "-p",
                         "This movie is", "-n", "20"},
                        options}),
                place.path());
    CAPTURE(options, outcome.err);
    CHECK(outcome.exit_code == 0);
    return outcome;
  };
  const auto told = [&](Words options) {
    options.emplace_back("--verbose");
    const auto outcome = generate(options);
    return outcome.err.substr(0, outcome.err.find('\n'));
  };
  const std::string by = "each token is chosen by: ";
  CHECK(told({}) == by + "temp 0.8, epsilon 0.05");
  CHECK(told({"--temp", "0"}) == by + "temp 0");
  CHECK(told({"--top-k", "40", "--top-p", "0.9", "--min-p", "0.02", "--xtc-probability", "0.5",
              "--xtc-threshold", "0.2"}) ==
        by + "temp 0.8, top-k 40, top-p 0.9, min-p 0.02, epsilon 0.05, xtc-probability 0.5 "
             "(threshold 0.2)");
  CHECK(told({"--typical-p", "0.9", "--eta", "0.01", "--top-n-sigma", "2"}) ==
        by + "top-n-sigma 2, temp 0.8, typical-p 0.9, eta 0.01");
  CHECK(told({"--mirostat", "4", "--mirostat-rate", "0.2"}) ==
        by + "temp 0.8, mirostat 4 (rate 0.2)");
  CHECK(told({"--temp", "0", "--repetition-penalty", "1.2", "--presence-penalty", "0.5",
              "--frequency-penalty", "0.25", "--no-repeat-ngram", "3", "--min-new-tokens", "2"}) ==
        by + "repetition-penalty 1.2, presence-penalty and frequency-penalty 0.5 and 0.25, "
             "no-repeat-ngram 3, min-new-tokens 2, temp 0");
  CHECK(told({"--temp", "0", "--dry-multiplier", "0.8", "--dry-base", "1.5", "--dry-allowed-length",
              "3", "--dry-breaker", ",", "--logit-bias", " film=-inf", "--logit-bias", "5=1",
              "--ban", "movie"}) ==
        by + "logit-bias of 2 tokens, dry-multiplier 0.8 (base 1.5, allowed length 3), ban of 2 "
             "sequences of tokens, temp 0");
  CHECK(generate({"--temp", "0", "--logit-bias", " a=-inf"}).out.find(" a ") == std::string::npos);
  CHECK(generate({"--temp", "0"}).out.find(" a ") != std::string::npos);
}
