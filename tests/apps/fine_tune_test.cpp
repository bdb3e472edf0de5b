// Training through the apps: what is kept, what survives being stopped, what is refused.

#include <signal.h>

#include <algorithm>
#include <random>

#include "support/catch.h"
#include "support/counts.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;
using Catch::Matchers::Matches;
using Catch::Matchers::StartsWith;
using std::chrono::milliseconds;

namespace {

/// Sentences whose label can be learned, `label ||| sentence` a line.
std::string sentences(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    const int label = i % 5;
    const char* verdicts[] = {"awful", "rather bad", "so so", "good fun", "simply wonderful"};
    lines += std::to_string(label) + " ||| Film number " + std::to_string(i) + " is " +
             verdicts[label] + " .\n";
  }
  return lines;
}

/// A directory with data to train on.
class TrainingDirectory : public TemporaryDirectory {
 public:
  TrainingDirectory() {
    file("train.txt", sentences(40));
    file("dev.txt", sentences(10));
  }

  /// Runs classify_sst on the data, two epochs of five steps, with the state saved after each step.
  Outcome train(const std::string& out_dir, const std::vector<std::string>& more = {},
                const Interruption& interruption = {}) const {
    const std::vector<std::string> arguments{
        "--train",   "train.txt", "--dev",        "dev.txt", "--epochs",           "2",
        "--out-dir", out_dir,     "--batch-size", "8",       "--save-every-steps", "1",
        "--option",  "finetune"};
    return run_app("classify_sst", replacing(arguments, more), path(), "", interruption);
  }

  /// Starts training until `signal` stops it between its first save and its end.
  Outcome stop_midway(const std::string& out_dir, int signal) const {
    Outcome outcome;
    for (milliseconds after(100); after < milliseconds(20'000); after += milliseconds(100)) {
      std::filesystem::remove_all(path() / out_dir);
      outcome = train(out_dir, {}, {.signal = signal, .after = after});
      if (std::filesystem::exists(path() / out_dir / "training.safetensors")) break;
    }
    return outcome;
  }

  /// The classifier in `out_dir`, byte for byte.
  std::string weights(const std::string& out_dir) const {
    return read_text(path() / out_dir / "model.safetensors");
  }
};

}  // namespace

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

TEST_CASE("apps/train: beside frozen weights, and computed again, adapters learn the same") {
  const TrainingDirectory directory;
  const auto run = [&](const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> all{"--option", "lora", "--epochs", "1"};
    all.insert(all.end(), more.begin(), more.end());
    const auto outcome = directory.train(out, all);
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    return read_text(directory.path() / out / "sst-dev-lora-output.txt");
  };
  const auto expected = run("plain", {});
  CHECK(run("frozen", {"--weights", "stored"}) == expected);
  CHECK(run("again", {"--recompute"}) == expected);
  CHECK(run("both", {"--recompute", "--weights", "stored", "--resume"}) == expected);
  run("packed", {"--weights", "q8_0"});

  // What is kept is the adapter alone, which is used with the weights where they are.
  for (const std::string out : {"frozen", "packed"}) {
    CHECK(std::filesystem::exists(directory.path() / out / "adapter_config.json"));
    CHECK_FALSE(std::filesystem::exists(directory.path() / out / "model.safetensors"));
    const auto again =
        run_app("classify_sst", {"--model", out, "--dev", "dev.txt", "--dev-out", out + "-again"},
                directory.path());
    CHECK(again.exit_code == 0);
    if (out == "frozen") CHECK(read_text(directory.path() / (out + "-again")) == expected);
  }

  const auto refused = [&](const std::vector<std::string>& arguments) {
    const auto outcome = directory.train("refused", arguments);
    CHECK(outcome.exit_code == 2);
    return outcome.err;
  };
  CHECK_THAT(refused({"--option", "lora", "--weights", "q3"}), contains("must be stored or f32"));
  CHECK_THAT(refused({"--weights", "stored"}), contains("--option lora"));
}

TEST_CASE("apps/train: phrases of trees are trained on, but no sentence of dev") {
  const TrainingDirectory directory;
  directory.file(
      "trees.txt",
      "(4 (2 (2 Film) (2 (2 number) (2 1))) (3 (2 is) (4 (3 good) (3 fun))))\n"
      "(0 (2 (2 Film) (2 (2 number) (2 2))) (0 (2 is) (0 awful)))\n"
      "(3 (2 (2 Film) (2 (2 number) (2 3))) (4 (2 is) (4 (3 good) (2 (3 fun) (2 .)))))\n");
  directory.file("dev.txt", "3 ||| film number 3 is good fun .\n1 ||| Film\n");
  const auto outcome = directory.train(
      "run", {"--train", "trees.txt", "--phrase-weights", "length", "--class-weights", "1,2,1,1,1",
              "--objective", "r-drop", "--average-decay", "0.9"});
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  // Film, number, 1, number 1, Film number 1, is, good, fun, good fun, is good fun and the
  // sentence; 2, number 2, Film number 2, awful, is awful and the sentence; 3, number 3,
  // Film number 3, ".", "fun .", "good fun .", "is good fun ."
  CHECK_THAT(outcome.err, contains("23 distinct phrases of 3 trees; left out as they are sentences "
                                   "of dev or test: 2\n"));
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& message) {
    const auto other = directory.train("refused", arguments);
    CHECK(other.exit_code == 2);
    CHECK_THAT(other.err, contains(message));
  };
  refused({"--phrase-weights", "depth"}, "--phrase-weights has no effect: \"train.txt\" holds no");
  refused({"--class-weights", "1,2"}, "--class-weights has 2 numbers for 5 labels");
  refused({"--class-weights", "even"}, "\"even\" is no number");
  refused({"--class-weights", "1,1,1,1,-1"}, "a class's weight is -1");
  refused({"--objective", "hinge"}, "must be cross-entropy");
  refused({"--label-smoothing", "1"}, "label_smoothing is 1");
}

TEST_CASE("apps/train: label words answer at once as the language model, and learn of a few") {
  const TrainingDirectory directory;
  const std::vector<std::string> prompt{
      "--head", "label-words", "--template", "{sentence} The film is", "--train-per-label", "3"};
  auto untrained = prompt;
  untrained.insert(untrained.end(), {"--epochs", "1", "--lr", "0", "--weight-decay", "0"});
  REQUIRE(directory.train("untrained", untrained).exit_code == 0);
  const auto asked = run_app("classify_sst",
                             {"--option", "prompt", "--template", "{sentence} The film is", "--dev",
                              "dev.txt", "--dev-out", "asked.txt"},
                             directory.path());
  REQUIRE(asked.exit_code == 0);
  CHECK(read_text(directory.path() / "untrained/sst-dev-finetuning-output.txt") ==
        read_text(directory.path() / "asked.txt"));

  REQUIRE(directory.train("trained", prompt).exit_code == 0);
  CHECK(lines_in(read_text(directory.path() / "trained/metrics.jsonl")) == 2);
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& message) {
    const auto outcome = directory.train("refused", arguments);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, contains(message));
  };
  refused({"--head", "label-words", "--pooling", "mean"}, "pooling is mean");
  refused({"--train-per-label", "9"}, "45 examples, as many of each label: ");
  refused({"--train-per-label", "-1"}, "--train-per-label is -1");
}

TEST_CASE("apps/train: a head without a bias makes a classifier of transformers'") {
  const TrainingDirectory directory;
  REQUIRE(
      directory.train("run", {"--epochs", "1", "--pooling", "last", "--no-head-bias"}).exit_code ==
      0);
  const auto outcome =
      run_app("convert", {"-m", "run", "--to", "hf", "--out", "hf", "--verify"}, directory.path());
  CHECK(outcome.exit_code == 0);
  const std::string sentence = "Film number 3 is good fun .";
  const auto ours = run_app("classify_sst", {"-m", "run", sentence}, directory.path());
  CHECK(ours.exit_code == 0);
  CHECK(run_app("classify_sst", {"-m", "hf", sentence}, directory.path()).out == ours.out);
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
