// Standard streams that are closed, full, or pipes that nobody reads.

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

struct Command {
  std::string app;
  std::vector<std::string> arguments;
};

/// Each app at its work, in a directory that has a file "s".
std::vector<Command> commands() {
  const auto model = repository_file("checkpoints/reviews-tiny").string();
  return {{"generate", {"-m", model, "-p", "x", "-n", "3"}},
          {"classify_sst", {"-m", model, "--option", "prompt", "A delight ."}},
          {"classify_cfimdb", {"-m", model, "--option", "prompt", "--json", "A delight ."}},
          {"classify_sst", {"-m", model, "--option", "prompt", "--dev", "s"}},
          {"convert", {"-m", model, "--out", "copy", "--verify"}},
          {"classify_sst",
           {"-m", model, "--option", "lora", "--train", "s", "--dev", "s", "--epochs", "1",
            "--out-dir", "trained"}},
          {"pretrain", {"-m",           model, "--train",        "s", "--valid",        "s",
                        "--steps",      "4",   "--warmup-steps", "1", "--window",       "16",
                        "--batch-size", "2",   "--accumulate",   "1", "--record-every", "1",
                        "--out-dir",    "more"}},
          {"generate", {"--help"}},
          {"convert", {"--version"}}};
}

Outcome run_with(const Command& command, const Streams& streams) {
  const TemporaryDirectory directory;
  std::string sentences;
  for (int i = 0; i < 40; ++i) sentences += "3 ||| A delight from its first scene to its last .\n";
  directory.file("s", sentences);
  return run_app(command.app, command.arguments, directory.path(), "", {}, {}, streams);
}

}  // namespace

TEST_CASE("descriptors: a result that cannot be written ends an app with 4 and one line") {
  for (const auto& command : commands()) {
    for (const auto stream : {Stream::closed, Stream::full}) {
      CAPTURE(command.app, command.arguments, static_cast<int>(stream));
      const auto outcome = run_with(command, {.out = stream});
      CHECK(outcome.exit_code == 4);
      const auto end = outcome.err.rfind(command.app + ": error: standard output: cannot write: ");
      REQUIRE(end != std::string::npos);
      CHECK(lines_in(outcome.err.substr(end)) == 1);
    }
  }
}

TEST_CASE("descriptors: an app whose reader has gone ends with 141 and no error") {
  for (const auto& command : commands()) {
    CAPTURE(command.app, command.arguments);
    const auto outcome = run_with(command, {.out = Stream::broken_pipe});
    CHECK(outcome.exit_code == 141);
    CHECK_THAT(outcome.err, !contains("error"));
  }
}

TEST_CASE("descriptors: without standard error or input the work is done all the same") {
  for (const auto& command : commands()) {
    for (const auto stream : {Stream::closed, Stream::full, Stream::broken_pipe}) {
      CAPTURE(command.app, command.arguments, static_cast<int>(stream));
      const auto without_error = run_with(command, {.err = stream});
      CHECK(without_error.exit_code == 0);
      CHECK_FALSE(without_error.out.empty());
      const auto without_input = run_with(command, {.in = stream});
      CHECK(without_input.exit_code == 0);
      CHECK_FALSE(without_input.out.empty());
    }
  }
}

TEST_CASE("descriptors: an error keeps its code when it cannot be said") {
  const TemporaryDirectory directory;
  for (const auto stream : {Stream::closed, Stream::full, Stream::broken_pipe}) {
    const auto code = [&](const std::string& app, const std::vector<std::string>& arguments) {
      return run_app(app, arguments, directory.path(), "", {}, {}, {.err = stream}).exit_code;
    };
    CHECK(code("generate", {"-m", "absent", "-p", "x"}) == 3);
    CHECK(code("generate", {"--bogus"}) == 2);
    CHECK(code("convert", {"--out", "absent/x/y", "--to", "gguf"}) == 4);
  }
}

TEST_CASE("descriptors: what is written with all of them closed can be read") {
  const TemporaryDirectory directory;
  const auto model = repository_file("checkpoints/reviews-tiny").string();
  const Streams none{Stream::closed, Stream::closed, Stream::closed};
  for (const std::string format : {"dir", "gguf"}) {
    CHECK(run_app("convert", {"-m", model, "--to", format, "--out", format}, directory.path(), "",
                  {}, {}, none)
              .exit_code == 0);
    CHECK(run_app("generate", {"-m", format, "-p", "x", "-n", "3"}, directory.path()).exit_code ==
          0);
  }
}

TEST_CASE("descriptors: standard input that cannot be read is an error where it is wanted") {
  const TemporaryDirectory directory;
  const auto run = [&](const std::string& app, std::vector<std::string> arguments, Stream in) {
    return run_app(app, arguments, directory.path(), "", {}, {}, {.in = in});
  };
  const auto closed = run("classify_sst", {}, Stream::closed);
  CHECK(closed.exit_code == 4);
  CHECK_THAT(closed.err, contains("standard input: cannot read: "));
  const auto endless = run("classify_sst", {}, Stream::full);
  CHECK(endless.exit_code == 3);
  CHECK_THAT(endless.err, contains("standard input:1: holds a NUL byte"));
  const auto nothing = run("classify_sst", {}, Stream::broken_pipe);
  CHECK(nothing.exit_code == 0);
  CHECK(nothing.out.empty());
  for (const auto stream : {Stream::closed, Stream::broken_pipe}) {
    const auto outcome = run("generate", {}, stream);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, contains("nothing to continue: "));
  }
  CHECK(run("generate", {}, Stream::full).exit_code == 3);
}
