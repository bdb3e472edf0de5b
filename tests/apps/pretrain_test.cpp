// Pretraining as a user meets it: a text in, a model out.

#include <algorithm>
#include <csignal>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;
using Catch::Matchers::StartsWith;

namespace {

const std::filesystem::path kPretrain = std::filesystem::path(MINILLAMA_BIN_DIR) / "pretrain";

/// Lines of a few words in many orders.
std::string text(int n_lines, unsigned seed) {
  const std::vector<std::string> words{"the", "film", "is", "a",    "good", "bad",
                                       "not", "plot", ",",  "dull", "cast", "and"};
  std::string all;
  for (int line = 0; line < n_lines; ++line) {
    for (int i = 0; i < 9; ++i) {
      seed = seed * 1103515245 + 12345;
      all += (i == 0 ? "" : " ") + words[(seed >> 16) % words.size()];
    }
    all += " .\n";
  }
  return all;
}

/// A directory with texts, and a command that trains a tiny model on them in `out`.
struct Setting {
  Setting() {
    directory.file("train.txt", text(300, 1));
    directory.file("valid.txt", text(60, 2));
  }

  std::vector<std::string> arguments(const std::string& out) const {
    return {"--train",
            "train.txt",
            "--valid",
            "valid.txt",
            "--train-tokenizer",
            "310",
            "--out-dir",
            out,
            "--dim",
            "16",
            "--layers",
            "2",
            "--heads",
            "2",
            "--kv-heads",
            "1",
            "--hidden-dim",
            "24",
            "--max-seq-len",
            "64",
            "--window",
            "16",
            "--batch-size",
            "2",
            "--accumulate",
            "2",
            "--steps",
            "30",
            "--warmup-steps",
            "5",
            "--record-every",
            "5",
            "--evaluate-every",
            "10",
            "--threads",
            "2"};
  }

  Outcome run(std::vector<std::string> with, const std::vector<std::string>& more = {}) const {
    return run_app("pretrain", replacing(std::move(with), more), directory.path());
  }

  /// Runs a shell script in which $@ is the command.
  Outcome run_in_shell(const std::string& script, std::vector<std::string> with,
                       const std::vector<std::string>& more = {}) const {
    with = replacing(std::move(with), more);
    with.insert(with.begin(), {"-c", script, "sh", kPretrain.string()});
    return run_program("/bin/sh", with, directory.path());
  }

  std::string content(const std::string& name) const { return read_text(directory.path() / name); }

  TemporaryDirectory directory;
};

}  // namespace

TEST_CASE("pretrain: a model whose queries and keys are normalised is a Qwen3") {
  const Setting setting;
  const auto outcome = setting.run(setting.arguments("out"), {"--steps", "10", "--qk-norm"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK_THAT(setting.content("out/config.json"), contains("\"qk_norm\": true"));
  const auto converted = run_app("convert", {"-m", "out", "--to", "hf", "--out", "q", "--verify"},
                                 setting.directory.path());
  INFO(converted.err);
  CHECK(converted.exit_code == 0);
  CHECK_THAT(setting.content("q/config.json"), contains("\"qwen3\""));
  const auto written = [&](const std::string& model) {
    return run_app("generate", {"-m", model, "-p", "the film", "-n", "5", "--temp", "0"},
                   setting.directory.path())
        .out;
  };
  CHECK_THAT(written("out"), StartsWith("the film"));
  CHECK(written("q") == written("out"));
}

TEST_CASE("pretrain: a model with other positions is trained and read, and not exported") {
  const Setting setting;
  for (const std::string positions : {"alibi", "learned", "none", "rope"}) {
    INFO(positions);
    std::vector<std::string> more{"--positions", positions, "--steps", "10"};
    if (positions == "rope") more.insert(more.end(), {"--rotary-share", "0.5"});
    const auto outcome = setting.run(setting.arguments(positions), more);
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    CHECK_THAT(setting.content(positions + "/config.json"),
               contains(positions == "rope" ? "\"rotary_share\": 0.5"
                                            : "\"positions\": \"" + positions + "\""));
    const auto generated = run_app("generate", {"-m", positions, "-p", "the film", "-n", "5"},
                                   setting.directory.path());
    CHECK(generated.exit_code == 0);
    CHECK_THAT(generated.out, StartsWith("the film"));
    const auto converted = run_app("convert", {"-m", positions, "--to", "gguf", "--out", "m.gguf"},
                                   setting.directory.path());
    CHECK(converted.exit_code == 2);
    CHECK_THAT(converted.err,
               contains(positions == "rope" ? "rotary_share" : "positions of the kind"));
    const auto full =
        run_app("generate", {"-m", positions, "-p", "the film", "-n", "5", "--attention", "full"},
                setting.directory.path());
    CHECK((full.exit_code == 0) == (positions != "alibi"));
  }
  const auto outcome = setting.run(setting.arguments("wrong"), {"--positions", "sinusoidal"});
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.err, contains("--positions is \"sinusoidal\""));
}

TEST_CASE("pretrain: makes a tokenizer and a model that the apps read, and a log") {
  const Setting setting;
  const auto outcome = setting.run(setting.arguments("out"));
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, StartsWith("step 5: "));
  CHECK_THAT(outcome.out, contains("bits per byte *"));
  CHECK_THAT(outcome.out, contains("\n  This movie is"));
  const auto log = setting.content("out/log.jsonl");
  CHECK(std::count(log.begin(), log.end(), '\n') == 6);
  CHECK_THAT(log, StartsWith("{\"step\":5,"));
  CHECK_THAT(log, contains("\"valid_bits_per_byte\":"));
  const auto report = setting.content("out/report.html");
  for (const auto* part : {">loss<", ">bits per byte<", ">learning rate<", ">tokens/s<",
                           ">best valid bits per byte<", ">Machine<", "generate -m out -p"}) {
    CHECK_THAT(report, contains(part));
  }
  CHECK_THAT(setting.content("out/report.json"), contains("\"x\": 30"));
  const auto generated =
      run_app("generate", {"-m", "out", "-p", "the film", "-n", "5"}, setting.directory.path());
  CHECK(generated.exit_code == 0);
  CHECK_THAT(generated.out, StartsWith("the film"));

  auto more = setting.arguments("more");
  for (const auto* of_a_new_model : {"--train-tokenizer", "--dim", "--layers", "--heads",
                                     "--kv-heads", "--hidden-dim", "--max-seq-len"}) {
    const auto flag = std::find(more.begin(), more.end(), of_a_new_model);
    more.erase(flag, flag + 2);
  }
  const auto continued = setting.run(
      more, {"-m", "out", "--lr", "1e-4", "--json", "--quiet", "--tensorboard", "events"});
  CHECK(continued.exit_code == 0);
  CHECK_THAT(continued.out, StartsWith("{\"step\":5,"));
  CHECK(continued.err.empty());
  std::size_t n_event_files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(setting.directory.path() / "events")) {
    const auto events = read_text(entry.path());
    CHECK_THAT(events, contains("loss/valid") && contains("bits_per_byte/valid"));
    ++n_event_files;
  }
  CHECK(n_event_files == 1);
  CHECK(setting.content("more/tokenizer.model") == setting.content("out/tokenizer.model"));
}

TEST_CASE("pretrain: killed or told to stop it resumes to the same bits") {
  const Setting setting;
  CHECK(setting.run(setting.arguments("whole")).exit_code == 0);

  // The first step is long before the last, so the signal comes in between.
  const std::string wait =
      "\"$@\" > /dev/null 2>&1 & pid=$!; "
      "until [ -e $dir/training.safetensors ]; do sleep 0.02; done; ";
  const auto killed = setting.run_in_shell("dir=killed; " + wait + "kill -9 $pid; wait $pid",
                                           setting.arguments("killed"), {"--save-every", "0.01"});
  CHECK(killed.exit_code == 128 + SIGKILL);
  const auto told = setting.run_in_shell("dir=told; " + wait + "kill -TERM $pid; wait $pid",
                                         setting.arguments("told"), {"--save-every", "0.01"});
  CHECK((told.exit_code == 128 + SIGTERM || told.exit_code == 0));
  for (const std::string out : {"killed", "told"}) {
    const auto resumed = setting.run(setting.arguments(out), {"--resume"});
    INFO(resumed.err);
    CHECK(resumed.exit_code == 0);
    CHECK(setting.content(out + "/model.safetensors") ==
          setting.content("whole/model.safetensors"));
  }
}

TEST_CASE("pretrain: a second one in the directory of one that runs is refused") {
  const Setting setting;
  const auto second = setting.run_in_shell(
      "\"$@\" > /dev/null 2>&1 & first=$!; "
      "until [ -e out/training.safetensors ]; do sleep 0.02; done; "
      "\"$@\"; code=$?; kill -9 $first; exit $code",
      setting.arguments("out"), {"--save-every", "0.01", "--steps", "1000000"});
  CHECK(second.exit_code == 2);
  CHECK(second.err ==
        "pretrain: error: \"out\" is in use by another program, which trains there\n");
}

TEST_CASE("pretrain: a full disk ends the run with exit code 4 and spares what was saved") {
  const Setting setting;
  auto arguments = setting.arguments("out");
  CHECK(setting.run(arguments).exit_code == 0);
  const auto state = setting.content("out/training.safetensors");
  const auto full = setting.run_in_shell(
      "trap '' XFSZ; ulimit -f 100; exec \"$@\"", arguments,
      {"--resume", "--steps", "40", "--evaluate-every", "1000", "--save-every", "0.001"});
  CHECK(full.exit_code == 4);
  CHECK_THAT(full.err, contains("cannot write: File too large"));
  CHECK(setting.content("out/training.safetensors") == state);
  CHECK(setting.run(arguments, {"--resume", "--steps", "40"}).exit_code == 0);
}

TEST_CASE("pretrain: a time budget ends the run early, saved") {
  const Setting setting;
  const auto arguments = setting.arguments("out");
  const auto early = setting.run(arguments, {"--time-budget", "0.001s"});
  CHECK(early.exit_code == 0);
  CHECK_THAT(early.err, contains("--resume goes on from here"));
  CHECK(!std::filesystem::exists(setting.directory.path() / "out/model.safetensors"));
  CHECK(setting.run(arguments, {"--resume"}).exit_code == 0);
  CHECK(std::filesystem::exists(setting.directory.path() / "out/model.safetensors"));
}

TEST_CASE("pretrain: what cannot be used is refused") {
  const Setting setting;
  const auto arguments = setting.arguments("out");
  const auto refused = [&](const std::vector<std::string>& more, int exit_code,
                           const std::string& message) {
    const auto outcome = setting.run(arguments, more);
    CHECK(outcome.exit_code == exit_code);
    CHECK_THAT(outcome.err, StartsWith("pretrain: error: "));
    CHECK_THAT(outcome.err, contains(message));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  };
  refused({"--schedule", "steep"}, 2, "--schedule is \"steep\"");
  refused({"--time-budget", "soon"}, 2, "--time-budget is \"soon\"");
  refused({"--dtype", "f16"}, 2, "--dtype is \"f16\"");
  refused({"--window", "0"}, 2, "window is 0");
  refused({"--train-tokenizer", "100000"}, 2, "100000 pieces");
  refused({"--train-tokenizer", "100000"}, 2, ": the text is enough for ");
  refused({"--train-tokenizer", "8"}, 2, ": its characters and the bytes need ");
  refused({"--tokenizer-kind", "words"}, 2, "kind \"words\" can be made, only byte-pair or ");
  refused({"--valid", "absent.txt", "--quiet"}, 3, "absent.txt: no such file");
  refused({"-m", "x"}, 2, "--train-tokenizer does not go with --model");
  CHECK(run_app("pretrain", {}, setting.directory.path()).exit_code == 2);
}
