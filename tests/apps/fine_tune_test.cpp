// Training through the apps: what is kept, what survives being stopped, what is refused.

#include <signal.h>

#include <algorithm>
#include <random>

#include "support/catch.h"
#include "support/counts.h"
#include "support/files.h"
#include "support/process.h"
#include "support/training_directory.h"

using namespace minillama::test;
using Catch::Matchers::Matches;
using Catch::Matchers::StartsWith;
using std::chrono::milliseconds;

TEST_CASE("apps/train: what is trained is kept, with its figures, and used without any flag") {
  const TrainingDirectory directory;
  for (const std::string option : {"finetune", "lora"}) {
    INFO(option);
    const std::vector<std::string> arguments{"--option",  option,          "--train",  "train.txt",
                                             "--dev",     "dev.txt",       "--test",   "dev.txt",
                                             "--out-dir", option + "-run", "--epochs", "2"};
    const auto outcome = run_app("classify_sst", arguments, directory.path());
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.out, StartsWith("epoch 1: loss "));
    const auto run = directory.path() / (option + "-run");
    const auto metrics = read_text(run / "metrics.jsonl");
    CHECK(std::count(metrics.begin(), metrics.end(), '\n') == 2);
    CHECK_THAT(metrics, contains("\"dev_macro_f1\":"));
    const auto name = option == "lora" ? "lora" : "finetuning";
    const auto predictions = read_text(run / ("sst-dev-" + std::string(name) + "-output.txt"));
    CHECK(std::count(predictions.begin(), predictions.end(), '\n') == 10);

    const std::string sentence = "Film number 3 is good fun .";
    const auto one =
        run_app("classify_sst", {"--model", option + "-run", sentence}, directory.path());
    CHECK_THAT(one.out, Matches("(awful|bad|average|good|excellent)  [01]\\.[0-9]+\n"));
    CHECK(run_app("classify_sst", {"--model", option + "-run"}, directory.path(), sentence).out ==
          one.out);
    const auto json =
        run_app("classify_sst", {"--model", option + "-run", "--json", sentence}, directory.path());
    CHECK_THAT(json.out, Matches("\\{\"label\":[0-4],\"name\":\"[a-z]+\",\"probability\":[01]\\.[0-"
                                 "9]+,\"text\":\"" +
                                 sentence + "\"\\}\n"));
    // Evaluated again it makes the same predictions.
    const auto again = run_app("classify_sst",
                               {"--model", option + "-run", "--dev", "dev.txt", "--dev-out", "out"},
                               directory.path());
    CHECK(again.exit_code == 0);
    CHECK(read_text(directory.path() / "out") == predictions);
  }
}

TEST_CASE("apps/train: several seeds give mean and deviation, each in a directory of its own") {
  const TrainingDirectory directory;
  const auto outcome = directory.train("run", {"--seeds", "2", "--seed", "7"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, contains("2 seeds, mean (sd): dev accuracy 0."));
  for (const std::string seed : {"seed-7", "seed-8"}) {
    CHECK_FALSE(directory.weights("run/" + seed).empty());
  }
  CHECK_FALSE(std::filesystem::exists(directory.path() / "run" / "seed-9"));
}

TEST_CASE("apps/train: a signal ends the step and saves, and resumed the weights are the same") {
  const TrainingDirectory directory;
  REQUIRE(directory.train("whole").exit_code == 0);
  const auto expected = directory.weights("whole");
  for (const int signal : {SIGINT, SIGTERM}) {
    const auto run = "stopped-" + std::to_string(signal);
    const auto stopped = directory.stop_midway(run, signal);
    CHECK(stopped.exit_code == 128 + signal);
    CHECK_THAT(stopped.err, contains("--resume goes on from here"));
    CHECK(directory.train(run, {"--resume"}).exit_code == 0);
    CHECK(directory.weights(run) == expected);
  }
}

TEST_CASE("apps/train: killed at 20 random moments it resumes to the same weights") {
  const TrainingDirectory directory;
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(directory.train("whole").exit_code == 0);
  const auto whole =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
  const auto expected = directory.weights("whole");

  std::mt19937 random(20);
  int killed = 0;
  int runs = 0;
  for (int attempt = 0; killed < 20 && attempt < 100; ++runs) {
    // Each run is killed until it ends before its time has come.
    const auto run = "killed-" + std::to_string(runs);
    Outcome outcome;
    do {
      const milliseconds after(random() % static_cast<unsigned>(whole.count() + 1));
      outcome = directory.train(run, {"--resume"}, {.signal = SIGKILL, .after = after});
      if (outcome.exit_code == 128 + SIGKILL) ++killed;
      ++attempt;
    } while (outcome.exit_code == 128 + SIGKILL);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(directory.weights(run) == expected);
  }
  CHECK(killed >= 20);
  count("kills while a classifier was trained", static_cast<std::size_t>(killed));
}

TEST_CASE("apps/train: a run that diverges exits with 5 and leaves the last good classifier") {
  const TrainingDirectory directory;
  REQUIRE(directory.train("run").exit_code == 0);
  const auto before = directory.weights("run");
  const auto outcome = directory.train("run", {"--lr", "1e30", "--force"});
  CHECK(outcome.exit_code == 5);
  CHECK_THAT(outcome.err, contains("error: "));
  CHECK(directory.weights("run") == before);
}

TEST_CASE("apps/train: what cannot be trained is refused before anything is written") {
  const TrainingDirectory directory;
  const auto refused = [&](std::vector<std::string> arguments, int exit_code,
                           const std::string& message) {
    const auto outcome = directory.train("run", arguments);
    INFO(message);
    CHECK(outcome.exit_code == exit_code);
    CHECK_THAT(outcome.err, contains(message));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    CHECK(outcome.out.empty());
    CHECK_FALSE(std::filesystem::exists(directory.path() / "run"));
  };
  const std::string good = "3 ||| Fine .\n";
  const std::pair<std::string, std::string> bad_data[] = {
      {good + "3 | Fine .\n", "bad.txt:2: "},
      {good + "5 ||| Fine .\n", "bad.txt:2: "},
      {good + "-1 ||| Fine .\n", "bad.txt:2: "},
      {"3 ||| Fi\xffne .\n", "bad.txt:1: "},
      {std::string("3 ||| Fi\0ne .\n", 13), "bad.txt:1: "},
      {"", "bad.txt: is empty"}};
  for (const auto& [content, message] : bad_data) {
    directory.file("bad.txt", content);
    refused({"--train", "bad.txt"}, 3, message);
    refused({"--dev", "bad.txt"}, 3, message);
  }
  refused({"--train", "absent.txt"}, 3, "absent.txt: no such file");
  refused({"--lr", "nan"}, 2, "lr is nan");
  refused({"--lr", "-1"}, 2, "lr is -1");
  refused({"--epochs", "0"}, 2, "epochs is 0");
  refused({"--batch-size", "0"}, 2, "batch-size is 0");
  refused({"--warmup", "1"}, 2, "warmup is 1");
  refused({"--max-grad-norm", "-1"}, 2, "norm is -1");
  refused({"--hidden-dropout-prob", "1"}, 2, "dropout is 1");
  refused({"--pooling", "max"}, 2, "\"max\"");
  refused({"--schedule", "steep"}, 2, "--schedule is \"steep\"");
  refused({"--template", "no place"}, 2, "{sentence}");
  refused({"--seeds", "0"}, 2, "--seeds is 0");
  refused({"--option", "lora", "--lora-rank", "0"}, 2, "rank is 0");
  refused({"--option", "lora", "--lora-targets", "wq"}, 2, "\"wq\"");
  refused({"a sentence"}, 2, "unexpected argument \"a sentence\"");
}

TEST_CASE("apps/train: an unfinished run is neither overwritten nor resumed with other settings") {
  const TrainingDirectory directory;
  REQUIRE(directory.stop_midway("run", SIGTERM).exit_code == 128 + SIGTERM);
  const auto fresh = directory.train("run");
  CHECK(fresh.exit_code == 2);
  CHECK_THAT(fresh.err, contains("is of an earlier run: --resume goes on with it"));
  const auto other = directory.train("run", {"--resume", "--lr", "1e-4"});
  CHECK(other.exit_code == 2);
  CHECK_THAT(other.err, contains("learning rate"));
  CHECK(directory.train("run", {"--resume"}).exit_code == 0);
}

TEST_CASE("apps/train: what another model left beside the new one is not removed unasked") {
  const TrainingDirectory directory;
  const auto left = directory.path() / "run/tokenizer.json";
  std::filesystem::create_directory(directory.path() / "run");
  directory.file("run/tokenizer.json", "{}");
  const auto refused = directory.train("run");
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.err, contains("tokenizer.json\" is of another model"));
  CHECK(read_text(left) == "{}");
  CHECK(directory.train("run", {"--force", "--epochs", "1"}).exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(left));
}
