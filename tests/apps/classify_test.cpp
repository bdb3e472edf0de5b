// classify: any texts, any labels, a verb in front.

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;
namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;

/// Messages under two labels that words tell apart, and a small model to train.
struct Place : TemporaryDirectory {
  Place() {
    std::string rows = "message,topic\n";
    for (int i = 0; i < 40; ++i) {
      const auto number = std::to_string(i);
      rows += i % 2 == 0 ? "The bill " + number + " is wrong .,invoice\n"
                         : "My parcel " + number + " is late .,delivery\n";
    }
    file("messages.csv", rows);
  }

  Outcome run(const Words& words, const std::string& input = "") const {
    return run_app("classify", words, path(), input);
  }
  /// One epoch of few steps.
  Outcome train(const Words& more = {}) const {
    Words words{"train", "messages.csv", "-m",
                repository_file("checkpoints/reviews-tiny").string()};
    if (std::ranges::find(more, "--time-budget") == more.end()) {
      words.insert(words.end(), {"--epochs", "1"});
    }
    return run(replacing(words, more));
  }
};

}  // namespace

TEST_CASE("classify: a table is trained on, and what came of it answers, by lines and measured") {
  const Place place;
  const auto trained = place.train();
  INFO(trained.err);
  REQUIRE(trained.exit_code == 0);
  CHECK_THAT(trained.err, contains("the labels are delivery, invoice"));
  CHECK_THAT(trained.err, contains("the classifier will be in runs/messages; --out-dir"));
  CHECK_THAT(trained.err,
             contains("the classifier is in runs/messages; to use it: classify -m runs/messages "));
  const auto run = place.path() / "runs/messages";
  CHECK(lines_in(read_text(run / "dev-predictions.txt")) == 4);
  CHECK_THAT(read_text(run / "report.html"), contains("classify train messages.csv"));
  // Nothing else appears where the program was called.
  CHECK(std::distance(fs::directory_iterator(place.path()), {}) == 2);

  const auto one = place.run({"-m", "runs/messages", "The bill is wrong ."});
  CHECK_THAT(one.out, contains("delivery  0.") || contains("invoice  0."));
  CHECK(place.run({"-m", "runs/messages"}, "The bill is wrong .").out == one.out);
  place.file("texts.txt", "The bill is wrong .\nMy parcel is late .\n");
  const auto file = place.run({"-m", "runs/messages", "-f", "texts.txt"});
  CHECK(lines_in(file.out) == 2);
  CHECK_THAT(file.out, Catch::Matchers::StartsWith(one.out));

  const auto measured = place.run({"test", "-m", "runs/messages", "messages.csv", "--json"});
  INFO(measured.err);
  const auto json = nlohmann::json::parse(measured.out);
  CHECK(json.at("sentences") == 40);
  CHECK_FALSE(json.contains("predictions"));
  CHECK(std::distance(fs::directory_iterator(place.path()), {}) == 3);
  const auto written = place.run(
      {"test", "messages.csv", "-m", "runs/messages", "--json", "--test-out", "answers.txt"});
  CHECK(nlohmann::json::parse(written.out).at("predictions") == "answers.txt");
  CHECK(lines_in(read_text(place.path() / "answers.txt")) == 40);
}

TEST_CASE("classify: an earlier run is kept unless --force says otherwise") {
  const Place place;
  REQUIRE(place.train().exit_code == 0);
  const auto refused = place.train();
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.err, contains("runs/messages/adapter_config.json\" is of an earlier run: "
                                   "--resume goes on with it, --force replaces it"));
  CHECK(place.train({"--force"}).exit_code == 0);
  // A whole model in the place of an adapter, and the reverse.
  for (const std::string option : {"finetune", "lora"}) {
    const auto replaced = place.train({"--force", "--option", option});
    INFO(option << ": " << replaced.err);
    CHECK(replaced.exit_code == 0);
    const auto run = place.path() / "runs/messages";
    CHECK(fs::exists(run / "config.json") == (option == "finetune"));
    CHECK(fs::exists(run / "adapter_config.json") == (option == "lora"));
    CHECK(place.run({"-m", "runs/messages", "A bill ."}).exit_code == 0);
  }
}

TEST_CASE("classify: an adapter is kept alone, and finds its base by checksum when both moved") {
  const Place place;
  fs::create_directories(place.path() / "here");
  fs::copy(repository_file("checkpoints/reviews-tiny"), place.path() / "here/base");
  const auto trained = place.train({"-m", "here/base", "--out-dir", "here/mine"});
  INFO(trained.err);
  REQUIRE(trained.exit_code == 0);
  const auto adapter = place.path() / "here/mine/adapter_model.safetensors";
  CHECK(fs::file_size(adapter) < 300'000);
  const auto answer = place.run({"-m", "here/mine", "A bill ."}).out;
  CHECK_FALSE(answer.empty());

  fs::create_directories(place.path() / "there/data");
  fs::rename(place.path() / "here/mine", place.path() / "there/mine");
  fs::rename(place.path() / "here/base", place.path() / "there/data/base");
  CHECK(place.run({"-m", "there/mine", "A bill ."}).out == answer);
  // It answers with labels, and is none to go on with texts.
  const auto text = run_app("generate", {"-m", "there/mine", "-p", "A film"}, place.path());
  CHECK(text.exit_code == 3);
  CHECK_THAT(text.err, contains("is an adapter of a classifier"));
  place.file("there/data/base/model.safetensors", "other");
  const auto lost = place.run({"-m", "there/mine", "A bill ."});
  CHECK(lost.exit_code == 3);
  CHECK_THAT(lost.err, contains("its base \"base\"") && contains("is another file"));
}

TEST_CASE("classify: a tokenizer of one's own is kept, with all of the model") {
  const Place place;
  const auto tokenizer = repository_file("checkpoints/reviews-tiny/tokenizer.model").string();
  REQUIRE(place.train({"--tokenizer", tokenizer}).exit_code == 0);
  CHECK(fs::exists(place.path() / "runs/messages/config.json"));
  CHECK(fs::exists(place.path() / "runs/messages/tokenizer.model"));
}

TEST_CASE("classify: a finished run is prolonged, one under way is not") {
  const Place place;
  REQUIRE(place.train().exit_code == 0);
  const auto prolonged = place.train({"--resume", "--epochs", "3"});
  INFO(prolonged.err);
  CHECK(prolonged.exit_code == 0);
  CHECK_THAT(prolonged.out, contains("epoch 2: ") && contains("epoch 3: "));
  CHECK(lines_in(read_text(place.path() / "runs/messages/metrics.jsonl")) == 3);
  const auto shortened = place.train({"--resume", "--epochs", "2"});
  CHECK(shortened.exit_code == 2);
  CHECK_THAT(shortened.err, contains("another epochs: 3, now 2"));
  const auto other = place.train({"--resume", "--epochs", "4", "--lr", "0.5"});
  CHECK(other.exit_code == 2);
  CHECK_THAT(other.err, contains("another learning rate"));
}

TEST_CASE("classify: within a time settings are tried, and the best is kept") {
  const Place place;
  // Time for one epoch of the first setting, which is had in any case.
  const auto trained = place.train({"--time-budget", "0.001s", "--json"});
  INFO(trained.err);
  REQUIRE(trained.exit_code == 0);
  const auto lines = lines_of(trained.out);
  REQUIRE(lines.size() == 2);
  const auto setting = nlohmann::json::parse(lines[0]);
  CHECK(setting.at("best_epoch") == 1);
  CHECK(setting.at("lr") == 0.001);
  CHECK(nlohmann::json::parse(lines[1]).at("split") == "dev");
  CHECK(lines_in(read_text(place.path() / "runs/messages/metrics.jsonl")) == 1);
  CHECK(place.run({"-m", "runs/messages", "A bill ."}).exit_code == 0);
  const auto again = place.train({"--resume"});
  CHECK(again.exit_code == 2);
  CHECK_THAT(again.err, contains("is of an earlier run: --force replaces it"));

  const auto two = place.train({"--time-budget", "5m", "--force", "--epochs", "1", "--json"});
  REQUIRE(two.exit_code == 0);
  std::vector<double> rates;
  for (const auto& line : lines_of(two.out)) {
    const auto json = nlohmann::json::parse(line);
    if (json.contains("lr")) rates.push_back(json.at("lr"));
  }
  CHECK(rates == std::vector<double>{0.001, 0.0005, 0.002, 0.00025, 0.004});
}

TEST_CASE("classify: a setting of a search that diverges is one of those that were tried") {
  const Place place;
  const auto alone = place.train({"--time-budget", "5m", "--epochs", "1", "--lr", "1e38"});
  INFO(alone.err);
  CHECK(alone.exit_code == 5);
  CHECK_THAT(alone.err, contains("learning rate 1e+38, 1 epochs: "));
}

TEST_CASE("classify: a folder whose name a shell would divide is quoted in what is to be typed") {
  const Place place;
  const auto trained = place.train({"--out-dir", "my run"});
  CHECK(trained.exit_code == 0);
  CHECK_THAT(trained.err, contains("classify -m 'my run' "));
}

TEST_CASE("classify: a newcomer is told what to write") {
  const Place place;
  const auto tiny = repository_file("checkpoints/reviews-tiny").string();
  const auto refused = [&](const Words& words, const std::string& part) {
    const auto outcome = place.run(words);
    CAPTURE(words, outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    CHECK(lines_in(outcome.err) == 1);
    CHECK_THAT(outcome.err, contains(part));
  };
  refused({"Where is it?"}, "no classifier: \"train messages.csv\" makes one");
  refused({}, "no classifier");
  refused({"messages.csv"}, "messages.csv is a file: \"train messages.csv\" learns from it");
  refused({"trian", "messages.csv"}, "did you mean \"train messages.csv\"?");
  refused({"-m", tiny, "test", "messages.csv"}, "did you mean \"test messages.csv\"?");
  refused({"trian"}, "no verb \"trian\": did you mean train?");
  refused({"train"}, "train needs a file of labelled texts, as in: train messages.csv");
  refused({"test", "-m", tiny},
          "test needs a file of labelled texts, as in: test -m runs/messages");
  refused({"test", "messages.csv"}, "no classifier");
  refused({"report"}, "report needs a page to write and folders of runs, as in: report runs.html");
  refused({"report", "runs.html"}, "--report needs the folders of runs");
  refused({"train", "messages.csv", "more.csv"}, "unexpected argument \"more.csv\": train takes");
  refused({"--train", "messages.csv"}, "--train goes with the verb train");
  refused({"-m", tiny, "A text"}, "is a language model and no classifier: \"train messages.csv");
  refused({"--option", "prompt", "A text"}, "--option prompt needs --label-names");
  refused({"train", "messages.csv", "--head", "label-words"},
          "--head label-words needs --template");
  place.file("trees.txt", "(3 (2 A) (3 delight))\n");
  refused({"train", "trees.txt"}, "give --label-names");
  refused({"train", "messages.csv", "--time-budget", "soon"}, "--time-budget is \"soon\"");
  refused({"train", "messages.csv", "--ensemble", tiny}, "--ensemble does not go with --option");
}

TEST_CASE("classify: labels that are numbers are names as others are") {
  const Place place;
  std::string lines;
  for (int i = 0; i < 20; ++i) {
    lines += (i % 2 == 0 ? "1 ||| Dull film " : "5 ||| Fine film ") + std::to_string(i) + " .\n";
  }
  place.file("stars.txt", lines);
  const auto trained =
      place.run({"train", "stars.txt", "-m", repository_file("checkpoints/reviews-tiny").string(),
                 "--dev", "stars.txt", "--epochs", "1"});
  INFO(trained.err);
  REQUIRE(trained.exit_code == 0);
  CHECK_THAT(trained.err, contains("stars.txt: the labels are 1, 5"));
  const auto answer = place.run({"-m", "runs/stars", "Dull film ."});
  CHECK_THAT(answer.out, Catch::Matchers::Matches("[15]  [01]\\.[0-9]+\n"));
}

TEST_CASE("classify: a language model is asked for labels of one's own") {
  const Place place;
  place.file("names.json", "[\"invoice\", \"delivery\"]");
  const auto asked = place.run({"--option", "prompt", "--label-names", "names.json", "--template",
                                "{sentence} It is about the", "My parcel is late ."});
  INFO(asked.err);
  CHECK(asked.exit_code == 0);
  CHECK_THAT(asked.out, Catch::Matchers::Matches("(invoice|delivery)  [01]\\.[0-9]+\n"));
}

TEST_CASE("classify: --help has the verbs, and each of them what is its own") {
  const TemporaryDirectory directory;
  const auto help = [&](const Words& words) {
    return run_app("classify", words, directory.path()).out;
  };
  const auto all = help({"--help"});
  CHECK_THAT(all, contains("train") && contains("test") && contains("Examples:") &&
                      !contains("--lora-rank") && contains("--file"));
  const auto train = help({"train", "--help"});
  CHECK_THAT(train, contains("classify train [OPTION...] FILE") && contains("--time-budget") &&
                        contains("--lora-rank") && !contains("--prior") && !contains("--file"));
  const auto test = help({"test", "--help"});
  CHECK_THAT(test, contains("classify test [OPTION...] -m DIR FILE") && contains("--test-out") &&
                       !contains("--epochs"));
}

TEST_CASE("classify: a person types texts behind a prompt") {
  const Place place;
  REQUIRE(place.train().exit_code == 0);
  const auto shown = run_on_terminal("classify", {"-m", "runs/messages"}, place.path(), 80, {},
                                     {"The bill is wrong .\r", "My parcel is late .\r"});
  CHECK(shown.exit_code == 0);
  CHECK_THAT(shown.out, contains("Ctrl-D ends") && contains("> "));
  CHECK_THAT(shown.out, contains("invoice  0.") || contains("delivery  0."));
}
