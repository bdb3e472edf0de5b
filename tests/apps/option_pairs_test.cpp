// What goes with what on the command line: every pair of every app's options, and by hand those
// that users meet. Nothing here gets as far as work: what is accepted ends at a model that is not
// there.

#include <map>

#include "support/catch.h"
#include "support/counts.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

using Words = std::vector<std::string>;

/// An option with a value that it takes, if it takes one.
using Option = Words;

/// All options of an app but --model, --help and --version.
std::vector<Option> options_of(const std::string& app) {
  std::vector<Option> all{{"--tokenizer", "absent"},
                          {"--config", "absent"},
                          {"--attention", "causal"},
                          {"--compat", "cmu2025"},
                          {"--threads", "1"},
                          {"--device", "cpu"},
                          {"--use-gpu"},
                          {"--quiet"}};
  const std::map<std::string, std::vector<Option>> own{
      {"classify_sst",
       {{"--file", "s"},
        {"--json"},
        {"--option", "lora"},
        {"--template", "{sentence}"},
        {"--calibrate"},
        {"--train", "s"},
        {"--dev", "s"},
        {"--test", "s"},
        {"--label-names", "n"},
        {"--dev-out", "d"},
        {"--test-out", "t"},
        {"--max-sentence-len", "9"},
        {"--out-dir", "o"},
        {"--resume"},
        {"--force"},
        {"--epochs", "1"},
        {"--patience", "1"},
        {"--batch-size", "2"},
        {"--lr", "0.1"},
        {"--schedule", "linear"},
        {"--warmup", "0"},
        {"--weight-decay", "0"},
        {"--dtype", "f32"},
        {"--max-grad-norm", "1"},
        {"--pooling", "mean"},
        {"--hidden-dropout-prob", "0"},
        {"--lora-rank", "1"},
        {"--lora-alpha", "1"},
        {"--seed", "1"},
        {"--lora-dropout", "0"},
        {"--seeds", "2"},
        {"--lora-targets", "w1"},
        {"--save-every", "1"},
        {"--save-every-steps", "1"}}},
      {"convert",
       {{"--to", "gguf"},
        {"--out", "o"},
        {"--dtype", "f16"},
        {"--verify"},
        {"--adapter", "absent"},
        {"--force"},
        {"--base-name", "b"}}},
      {"generate",
       {{"--prompt", "a"},
        {"--file", "s"},
        {"--each-line"},
        {"--batch-size", "2"},
        {"--max-new-tokens", "3"},
        {"--no-display-prompt"},
        {"--ignore-eos"},
        {"--temp", "0"},
        {"--epsilon", "0"},
        {"--top-k", "1"},
        {"--top-p", "1"},
        {"--min-p", "0"},
        {"--seed", "1"},
        {"--no-cache"},
        {"--assignment"},
        {"--generated-sentence-low-temp-out", "l"},
        {"--generated-sentence-high-temp-out", "h"},
        {"--weights", "q8_0"}}},
      {"pretrain",
       {{"--train", "s"},
        {"--valid", "s"},
        {"--documents", "line"},
        {"--out-dir", "o"},
        {"--resume"},
        {"--train-tokenizer", "300"},
        {"--force"},
        {"--time-budget", "1"},
        {"--epochs", "1"},
        {"--steps", "2"},
        {"--window", "8"},
        {"--batch-size", "1"},
        {"--accumulate", "1"},
        {"--lr", "0.1"},
        {"--schedule", "linear"},
        {"--warmup-steps", "0"},
        {"--floor", "0"},
        {"--cooldown-steps", "1"},
        {"--beta2", "0.9"},
        {"--weight-decay", "0"},
        {"--max-grad-norm", "1"},
        {"--dtype", "f32"},
        {"--seed", "1"},
        {"--record-every", "1"},
        {"--valid-windows", "1"},
        {"--save-every", "1"},
        {"--evaluate-every", "1"},
        {"--json"},
        {"--dim", "8"},
        {"--sample-prompt", "a"},
        {"--layers", "1"},
        {"--heads", "1"},
        {"--kv-heads", "1"},
        {"--norm", "rmsnorm"},
        {"--hidden-dim", "8"},
        {"--max-seq-len", "8"},
        {"--dropout", "0"}}}};
  all.insert(all.end(), own.at(app).begin(), own.at(app).end());
  return all;
}

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

/// What an app is given beside the options in question, so that it would begin to work.
Words beside(const std::string& app, const Words& words) {
  if (app == "convert") return {"--model", "absent", "--out", "o"};
  if (app == "pretrain") {
    return {"--model", "absent", "--train", "s", "--valid", "s", "--out-dir", "o"};
  }
  if (app == "classify_sst") {
    return {"--model", "absent", "--option", "lora", "--train", "s", "--dev", "s"};
  }
  for (const auto& word : words) {
    for (const auto* text : {"--prompt", "--file", "--assignment", "--generated-sentence"}) {
      if (word.starts_with(text)) return {"--model", "absent"};
    }
  }
  return {"--model", "absent", "--prompt", "a"};
}

/// The line that says why an app ended, without what came before.
std::string error_in(const std::string& app, const Outcome& outcome) {
  const auto begin = outcome.err.rfind(app + ": error: ");
  return begin == std::string::npos ? "" : outcome.err.substr(begin);
}

}  // namespace

TEST_CASE("options: all pairs of an app's options are accepted or refused by name") {
  for (const std::string app : {"classify_sst", "convert", "generate", "pretrain"}) {
    const Place place;
    const auto options = options_of(app);
    const auto error_of = [&](const Words& words) {
      const auto outcome = run_app(app, replacing(beside(app, words), words), place.path());
      CAPTURE(app, words, outcome.err);
      // Nothing aborts, hangs or works: something is refused, or the model is not there.
      CHECK((outcome.exit_code == 2 || outcome.exit_code == 3));
      CHECK(outcome.out.empty());
      const auto error = error_in(app, outcome);
      CHECK(lines_in(error) == 1);
      return error;
    };
    std::map<std::string, std::string> alone;
    for (const auto& option : options) alone[option[0]] = error_of(option);
    std::size_t pairs = 0;
    for (std::size_t i = 0; i < options.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j, ++pairs) {
        const auto& a = options[i];
        const auto& b = options[j];
        const auto error = error_of(joined({a, b}));
        if (error == alone[a[0]] || error == alone[b[0]]) continue;
        // What neither is refused for alone is said with both names.
        CAPTURE(app, a, b, error);
        if (error.find("does not go with") == std::string::npos) continue;
        CHECK_THAT(error, contains(a[0]));
        CHECK_THAT(error, contains(b[0]));
      }
    }
    count("pairs of an app's options", pairs);
  }
}

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
  refused("convert", {"--out", "o", "--base-name", "b"}, {"--base-name", "--to peft"});
  refused("convert", {"--out", "o", "--to", "peft", "--verify"}, {"--verify", "--to peft"});
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
