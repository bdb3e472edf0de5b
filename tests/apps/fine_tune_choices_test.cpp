// What training through the apps may be told beside the plain recipe.

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"
#include "support/training_directory.h"

using namespace minillama::test;

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

TEST_CASE("apps/train: adapters of every kind are trained, kept, resumed and used") {
  const TrainingDirectory directory;
  for (const std::string kind : {"dora", "ia3", "bitfit", "bottleneck", "prefix"}) {
    INFO(kind);
    const auto run = [&](const std::string& out, const std::vector<std::string>& more) {
      std::vector<std::string> all{"--option", "lora", "--epochs", "1",      "--adapter",
                                   kind,       "--lr", "0.01",     "--quiet"};
      all.insert(all.end(), more.begin(), more.end());
      const auto outcome = directory.train(kind + out, all);
      INFO(outcome.err);
      REQUIRE(outcome.exit_code == 0);
      return read_text(directory.path() / (kind + out) / "sst-dev-lora-output.txt");
    };
    const auto expected = run("-whole", {});
    CHECK(run("-alone", {"--weights", "stored"}) == expected);
    CHECK(run("-alone", {"--weights", "stored", "--resume"}) == expected);
    std::string answer;
    for (const std::string& out : {kind + "-whole", kind + "-alone"}) {
      INFO(out);
      const auto again =
          run_app("classify_sst", {"--model", out, "--dev", "dev.txt", "--dev-out", out + "-again"},
                  directory.path());
      CHECK(again.exit_code == 0);
      CHECK(read_text(directory.path() / (out + "-again")) == expected);
      const auto text = run_app("classify_sst", {"--model", out, "Film 1"}, directory.path());
      INFO(text.err);
      CHECK(text.exit_code == 0);
      if (answer.empty()) answer = text.out;
      CHECK(text.out == answer);
    }
  }
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
              "--objective", "r-drop", "--average-decay", "0.9", "--layer-decay", "0.9", "--mixout",
              "0.2", "--reinit-layers", "1"});
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
  refused({"--mixout", "2"}, "mixout is 2");
  refused({"--layer-decay", "0"}, "layer-decay is 0");
  refused({"--reinit-layers", "99"}, "layers to be drawn anew is 99");
}

TEST_CASE("apps/train: a soup of runs is kept as far as dev gets no worse") {
  const TrainingDirectory directory;
  for (const std::string seed : {"1", "2", "3"}) {
    REQUIRE(directory.train("run-" + seed, {"--seed", seed}).exit_code == 0);
  }
  const auto cook = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all{"-m", "run-1", "--soup", "run-2", "--soup", "run-3"};
    all.insert(all.end(), more.begin(), more.end());
    return run_app("classify_sst", all, directory.path());
  };
  const auto outcome = cook({"--dev", "dev.txt", "--out-dir", "soup", "--test", "dev.txt"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, contains("; the mean of 2: "));
  CHECK(lines_in(read_text(directory.path() / "soup/sst-dev-soup-output.txt")) == 10);
  // What is kept answers as the evaluation did.
  const auto again =
      run_app("classify_sst", {"-m", "soup", "--dev", "dev.txt", "--dev-out", "again.txt"},
              directory.path());
  CHECK(again.exit_code == 0);
  CHECK(read_text(directory.path() / "again.txt") ==
        read_text(directory.path() / "soup/sst-test-soup-output.txt"));

  CHECK_THAT(cook({"--dev", "dev.txt"}).err, contains("--soup needs --out-dir"));
  CHECK_THAT(cook({"--out-dir", "other"}).err, contains("--soup needs --dev"));
  CHECK_THAT(cook({"--dev", "dev.txt", "--out-dir", "soup"}).err, contains("soup"));
  CHECK_THAT(cook({"--ensemble", "run-1", "--dev", "dev.txt"}).err,
             contains("--ensemble does not go with --soup"));
  const auto language_model = run_app("classify_sst",
                                      {"-m", repository_file("checkpoints/reviews-tiny").native(),
                                       "--soup", "run-1", "--dev", "dev.txt", "--out-dir", "x"},
                                      directory.path());
  CHECK_THAT(language_model.err, contains("--soup needs trained classifiers"));
}

TEST_CASE("apps/train: --advanced is the options of the best classifier, but for those given") {
  const TrainingDirectory directory;
  std::filesystem::create_directories(directory.path() / "data/sst-trees");
  std::string trees;
  for (int i = 0; i < 8; ++i) {
    trees += "(4 (2 (2 Film) (2 " + std::to_string(i) + ")) (3 (2 is) (4 (3 good) (3 fun))))\n";
  }
  directory.file("data/sst-trees/train.txt", trees);
  const auto run = [&](const std::vector<std::string>& more, const std::string& data = "data") {
    std::vector<std::string> all{"--advanced", "--dev", "dev.txt"};
    all.insert(all.end(), more.begin(), more.end());
    return run_app("classify_sst", all, directory.path(), "", {}, {"MINILLAMA_DATA=" + data});
  };
  const auto outcome = run({"--out-dir", "run", "--lora-rank", "2", "--test", "dev.txt"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, contains(" distinct phrases of 8 trees"));
  for (const auto* split : {"dev", "test"}) {
    CHECK(lines_in(read_text(directory.path() / "run" /
                             (std::string("sst-") + split + "-advanced-output.txt"))) == 10);
  }
  const auto settings = read_text(directory.path() / "run/settings.json");
  CHECK_THAT(settings, contains("\"lora-rank\": 2"));
  CHECK_THAT(settings, contains("\"phrase-weights\": \"length\""));
  CHECK(lines_in(read_text(directory.path() / "run/metrics.jsonl")) == 1);

  CHECK_THAT(run({"--out-dir", "none"}, "nowhere").err,
             contains("--advanced trains on sst-trees/train.txt, which is neither in "
                      "$MINILLAMA_DATA nor in data/: scripts/fetch_assets.sh brings it"));
  CHECK_THAT(run({"--option", "prompt"}).err,
             contains("--advanced does not go with --option prompt or finetune"));
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

TEST_CASE("apps/train: soft labels are learnt in place of labels, of each text to train on") {
  const TrainingDirectory directory;
  const auto soft_labels = [](int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      const char* verdicts[] = {"awful", "rather bad", "so so", "good fun", "simply wonderful"};
      lines += R"({"text": "Film number )" + std::to_string(i) + " is " + verdicts[i % 5] +
               R"( .", "probabilities": {"awful": 0, "bad": 0, "average": 1, "good": 0, )" +
               R"("excellent": 0}})" + "\n";
    }
    return lines;
  };
  directory.file("soft.jsonl", soft_labels(40));
  const auto answers = [&](const std::string& out, const std::string& share) {
    const auto outcome = directory.train(out, {"--epochs", "8", "--lr", "1e-3", "--soft-labels",
                                               "soft.jsonl", "--soft-label-share", share});
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    return run_app("classify_sst", {"--model", out, "--json", "Film number 3 is awful ."},
                   directory.path())
        .out;
  };
  CHECK_THAT(answers("soft", "1"), contains(R"("name":"average")"));
  CHECK_THAT(answers("hard", "0"), contains(R"("name":"awful")"));

  const auto refused = [&](const std::vector<std::string>& arguments, int code,
                           const std::string& message) {
    const auto outcome = directory.train("refused", arguments);
    CHECK(outcome.exit_code == code);
    CHECK_THAT(outcome.err, contains(message));
  };
  directory.file("few.jsonl", soft_labels(39));
  refused({"--soft-labels", "few.jsonl"}, 2, "no soft label of the text \"Film number 39 is");
  directory.file("bad.jsonl", soft_labels(2) + "{}\n");
  refused({"--soft-labels", "bad.jsonl"}, 3, "bad.jsonl:3: field \"text\" is missing");
  refused({"--soft-labels", "soft.jsonl", "--soft-label-share", "2"}, 2, "soft-label-share is 2");
}
