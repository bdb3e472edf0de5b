// Signals: stopped within two seconds, whatever is going on, and told.

#include <signal.h>

#include <chrono>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;
using std::chrono::milliseconds;

namespace {

std::string tiny() {
  return repository_file("checkpoints/reviews-tiny").string();
}

std::string many_sentences(const std::string& label, int n) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    text +=
        label + "A delight from its first scene to its last , number " + std::to_string(i) + " .\n";
  }
  return text;
}

/// Runs `script` with the app and its arguments as "$@".
Outcome run_in_shell(const std::string& script, const std::string& app,
                     const std::vector<std::string>& arguments,
                     const std::filesystem::path& directory,
                     const Interruption& interruption = {}) {
  std::vector<std::string> all{"-c", script, "sh",
                               (std::filesystem::path(MINILLAMA_BIN_DIR) / app).string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_program("/bin/sh", all, directory, "", interruption);
}

}  // namespace

TEST_CASE("interrupts: each signal ends an app that has nothing to save, with its code") {
  const TemporaryDirectory directory;
  directory.file("many", many_sentences("", 20000));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const auto start = std::chrono::steady_clock::now();
    const auto outcome =
        run_app("classify_sst", {"-m", tiny(), "--option", "prompt", "-f", "many"},
                directory.path(), "", {.signal = signal, .after = milliseconds(1500)});
    CAPTURE(signal, outcome.err);
    CHECK(outcome.exit_code == 128 + signal);
    CHECK_THAT(outcome.err, contains("classify_sst: stopped\n"));
    CHECK(std::chrono::steady_clock::now() - start < milliseconds(3500));
  }
}

TEST_CASE("interrupts: a signal that was ignored at the start stays ignored") {
  const TemporaryDirectory directory;
  directory.file("some", "A delight .\nA bore .\n");
  for (const std::string name : {"HUP", "INT", "TERM"}) {
    const int signal = name == "HUP" ? SIGHUP : name == "INT" ? SIGINT : SIGTERM;
    const auto outcome =
        run_in_shell("trap '' " + name + "; exec \"$@\"", "generate",
                     {"-m", tiny(), "-p", "x", "-n", "400", "--ignore-eos", "--no-cache"},
                     directory.path(), {signal, milliseconds(400)});
    CHECK(outcome.exit_code == 0);
    CHECK_FALSE(outcome.out.empty());
  }
}

TEST_CASE("interrupts: an evaluation in training is stopped at once, and done on resuming") {
  const TemporaryDirectory directory;
  directory.file("train", "0 ||| A bore .\n4 ||| A delight .\n");
  directory.file("dev", many_sentences("3 ||| ", 5000));  // some seconds
  const auto arguments = [](const std::string& out) {
    return std::vector<std::string>{"-m",    tiny(), "--option", "lora", "--train",   "train",
                                    "--dev", "dev",  "--epochs", "1",    "--out-dir", out};
  };
  // The state is saved for the first time before the evaluation.
  const auto stopped = run_in_shell(
      "\"$@\" & pid=$!; until [ -e out/training.safetensors ]; do sleep 0.05; done; sleep 0.3; "
      "kill -TERM $pid; before=$(date +%s%N); wait $pid; code=$?; after=$(date +%s%N); "
      "echo \"took $(((after - before) / 1000000)) ms\"; exit $code",
      "classify_sst", arguments("out"), directory.path());
  CAPTURE(stopped.out, stopped.err);
  CHECK(stopped.exit_code == 128 + SIGTERM);
  CHECK_THAT(stopped.err, contains("stopped and saved; --resume goes on from here"));
  CHECK_THAT(stopped.out, !contains("epoch 1"));
  const auto at = stopped.out.find("took ");
  REQUIRE(at != std::string::npos);
  CHECK(std::stoi(stopped.out.substr(at + 5)) < 2000);

  auto resumed_arguments = arguments("out");
  resumed_arguments.push_back("--resume");
  const auto resumed = run_app("classify_sst", resumed_arguments, directory.path());
  CHECK(resumed.exit_code == 0);
  CHECK_THAT(resumed.out, contains("epoch 1: "));
  REQUIRE(run_app("classify_sst", arguments("whole"), directory.path()).exit_code == 0);
  CHECK(read_text(directory.path() / "out" / "model.safetensors") ==
        read_text(directory.path() / "whole" / "model.safetensors"));
}
